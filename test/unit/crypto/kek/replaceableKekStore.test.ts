import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { ReplaceableKekStore } from '../../../../src/crypto/kek/replaceableKekStore.ts'
import type { KekStore } from '../../../../src/domain/ports/crypto.ts'
import { kekStoreContract } from '../../../contract/kekStoreContract.ts'
import { CONTEXT, KEY, never } from '../../../support/keptStores.ts'
import { MemoryKekStore } from '../../../support/memoryKekStore.ts'
import { faultOf } from '../../../support/refusals.ts'

kekStoreContract(
  'one that can be replaced',
  async () => new ReplaceableKekStore(new MemoryKekStore()),
)

/** A store whose unwrapping waits until it is told to go on, and of which it is known whether it is closed. */
function slowStore(kek = randomBytes(32)) {
  const memory = new MemoryKekStore(kek)
  const { promise: gate, resolve: goOn } = Promise.withResolvers<void>()
  const state = { isClosed: false }
  const store: KekStore = {
    name: memory.name,
    describe: () => memory.describe(),
    wrap: (...given) => memory.wrap(...given),
    unwrap: async (...given) => {
      await gate
      return memory.unwrap(...given)
    },
    health: (signal) => memory.health(signal),
    close: async () => {
      state.isClosed = true
      await memory.close()
    },
  }
  return { store, state, goOn, calls: memory.calls }
}

describe('a KEK store in whose place another is put', () => {
  test('ends calls under way where they began, and is closed when they are over', async () => {
    const kek = randomBytes(32)
    const [former, next] = [slowStore(kek), slowStore(kek)]
    const store = new ReplaceableKekStore(former.store)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const calls = [1, 2].map(() => store.unwrap(wrapped, CONTEXT, never))
    await store.replace(next.store)
    assert.equal(former.state.isClosed, false)
    assert.deepEqual(store.describe(), next.store.describe())
    former.goOn()
    for (const key of await Promise.all(calls)) assert.deepEqual(Buffer.from(key), KEY)
    assert.equal(former.state.isClosed, true)
    next.goOn()
    await store.wrap(KEY, CONTEXT, never)
    assert.deepEqual([former.calls.wrap, next.calls.wrap], [1, 1])
  })

  test('is closed at once when nobody is under way in it', async () => {
    const former = slowStore()
    const store = new ReplaceableKekStore(former.store)
    await store.replace(new MemoryKekStore())
    assert.equal(former.state.isClosed, true)
  })

  test('closes all with itself, and what comes too late', async () => {
    const [former, next, late] = [slowStore(), slowStore(), slowStore()]
    const store = new ReplaceableKekStore(former.store)
    const wrapped = await store.wrap(KEY, CONTEXT, never)
    const call = store.unwrap(wrapped, CONTEXT, never)
    const refused = assert.rejects(call, faultOf('unavailable'))
    await store.replace(next.store)
    await store.close()
    await store.replace(late.store)
    assert.deepEqual(
      [former, next, late].map(({ state }) => state.isClosed),
      [true, true, true],
    )
    former.goOn()
    await refused
  })
})
