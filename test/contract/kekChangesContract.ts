import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { KekStore } from '../../src/domain/ports/crypto.ts'
import type {
  KekGeneration,
  KekPromotion,
  KekReload,
  KekRetirement,
} from '../../src/domain/ports/kekChanges.ts'
import { Fault } from '../../src/lib/fault.ts'

type Changeable = KekStore & KekGeneration & KekPromotion & KekRetirement & KekReload

const CONTEXT = Buffer.from('deployment, project, project-key id')
const signal = new AbortController().signal
const isCorrupted = (error: unknown) => error instanceof Fault && error.kind === 'corrupted'
const takeAll = async () => undefined

/** What a KEK store promises that can do all that kekChanges.ts names. `open` gives two views of one new store. */
export function kekChangesContract(
  name: string,
  open: () => Promise<readonly [Changeable, Changeable]>,
): void {
  describe(`changes of KEKs: ${name}`, () => {
    test('a KEK that was made can unwrap and does not wrap yet', async () => {
      const [store] = await open()
      const { currentKekId } = store.describe()
      const made = await store.generate(signal)
      assert.equal(made.state, 'decrypt-only')
      const { keks, currentKekId: now } = store.describe()
      assert.equal(now, currentKekId)
      assert.deepEqual(keks.at(-1), made)
      assert.equal((await store.wrap(randomBytes(32), CONTEXT, signal)).kekId, currentKekId)
      const key = randomBytes(32)
      const wrapped = await store.wrapUnder(made.id, key, CONTEXT, signal)
      assert.equal(wrapped.kekId, made.id)
      assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)), key)
      await assert.rejects(store.wrapUnder('nobody', key, CONTEXT, signal), isCorrupted)
    })

    test('promoted it wraps, the one before still unwraps, and doing it again changes nothing', async () => {
      const [store] = await open()
      const key = randomBytes(32)
      const before = await store.wrap(key, CONTEXT, signal)
      const { id } = await store.generate(signal)
      await store.promote(id, signal)
      const description = store.describe()
      await store.promote(id, signal)
      assert.deepEqual(store.describe(), description)
      assert.deepEqual(
        description.keks.map(({ state }) => state),
        ['decrypt-only', 'primary'],
      )
      assert.equal((await store.wrap(key, CONTEXT, signal)).kekId, id)
      assert.deepEqual(Buffer.from(await store.unwrap(before, CONTEXT, signal)), key)
      await assert.rejects(store.promote('nobody', signal))
    })

    test('a primary KEK is not retired, a retired one opens nothing, and only such a one is destroyed', async () => {
      const [store] = await open()
      const key = randomBytes(32)
      const wrapped = await store.wrap(key, CONTEXT, signal)
      await assert.rejects(store.retire(wrapped.kekId, signal), /primary/)
      const { id } = await store.generate(signal)
      await store.promote(id, signal)
      await assert.rejects(store.destroy(wrapped.kekId, signal), /not retired/)
      await store.retire(wrapped.kekId, signal)
      await assert.rejects(store.unwrap(wrapped, CONTEXT, signal), isCorrupted)
      await assert.rejects(store.promote(wrapped.kekId, signal), /retired/)
      await store.destroy(wrapped.kekId, signal)
      await store.destroy(wrapped.kekId, signal)
      assert.deepEqual(
        store.describe().keks.map((kek) => kek.id),
        [id],
      )
    })

    test('another process takes up what changed, once it agrees', async () => {
      const [one, other] = await open()
      assert.equal(await other.reload(takeAll), 'same')
      const { id } = await one.generate(signal)
      await one.promote(id, signal)
      const before = other.describe()
      const no = async () => Promise.reject(new Error('not yet'))
      await assert.rejects(other.reload(no), /not yet/)
      assert.deepEqual(other.describe(), before)
      assert.equal(await other.reload(takeAll), 'changed')
      assert.deepEqual(other.describe(), one.describe())
      const key = randomBytes(32)
      const wrapped = await one.wrap(key, CONTEXT, signal)
      assert.deepEqual(Buffer.from(await other.unwrap(wrapped, CONTEXT, signal)), key)
      assert.equal(await other.reload(takeAll), 'same')
    })

    test('of changes at the same time none is lost', async () => {
      const [one, other] = await open()
      const outcomes = await Promise.allSettled([one.generate(signal), other.generate(signal)])
      const made = outcomes.flatMap((it) => (it.status === 'fulfilled' ? it.value.id : []))
      assert.ok(made.length >= 1)
      await one.reload(takeAll)
      const ids = one.describe().keks.map((kek) => kek.id)
      for (const id of made) assert.ok(ids.includes(id))
      assert.equal(ids.length, 1 + made.length)
    })
  })
}
