import assert from 'node:assert/strict'
import type { KeyObject } from 'node:crypto'
import { describe, test } from 'node:test'
import { type SealEvent, SharedStores } from '../../../../../src/crypto/kek/shares/sharedStores.ts'
import {
  type Dealt,
  dealShares,
  isDealt,
} from '../../../../../src/crypto/kek/shares/shareScheme.ts'
import { readShare, writeShare } from '../../../../../src/crypto/kek/shares/shareText.ts'
import { unavailable } from '../../../../../src/lib/fault.ts'
import { StartupRefusal } from '../../../../../src/lib/startupRefusal.ts'

class FakeStore {
  readonly name: string
  dealt: Dealt
  key: KeyObject | undefined
  refusal: string | undefined

  constructor(name: string, dealt: Dealt) {
    this.name = name
    this.dealt = dealt
  }

  async readScheme() {
    return this.dealt.scheme
  }

  isSealed(): boolean {
    return this.key === undefined
  }

  async unseal(key: KeyObject): Promise<void> {
    if (this.refusal !== undefined) throw new StartupRefusal(this.refusal)
    this.key = key
  }

  seal(): void {
    this.key = undefined
  }
}

function room(...names: readonly string[]) {
  const stores = names.map((name) => new FakeStore(name, dealShares({ threshold: 3, shares: 5 })))
  const [store = assert.fail('no store')] = stores
  const events: SealEvent[] = []
  const time = { nowMs: 0 }
  const shared = new SharedStores({
    stores,
    monotonicMs: () => time.nowMs,
    onEvent: (event) => void events.push(event),
  })
  const bring = (text: Uint8Array) => shared.bring(Buffer.from(text))
  const have = async () => (await shared.status())[0]?.have
  return { stores, store, events, time, shared, bring, have }
}

function nth({ texts }: Dealt, number: number): Buffer {
  return texts[number - 1] ?? assert.fail(`there is no share ${number}`)
}

/** The same share with one bit of its secret changed, and a checksum that says it is well. */
function forged(text: Buffer): Buffer {
  const share = readShare(Buffer.from(text))
  share.value[7] = (share.value[7] ?? 0) ^ 4
  return writeShare(share)
}

describe('shares that are brought to a server', () => {
  test('open its store when the last that is wanted comes, and not before', async () => {
    const { store, bring, have, events } = room('keyring')
    for (const number of [4, 1]) {
      const answer = await bring(nth(store.dealt, number))
      assert.ok(answer.isTaken && answer.status.isSealed)
    }
    assert.equal(await have(), 2)
    assert.ok(store.isSealed())
    const last = await bring(nth(store.dealt, 3))
    assert.ok(last.isTaken && !last.status.isSealed)
    assert.ok(store.key?.equals(store.dealt.key))
    assert.equal(await have(), 0, 'they are forgotten')
    assert.deepEqual(events, [
      { kind: 'shareTaken', store: 'keyring', have: 1, threshold: 3 },
      { kind: 'shareTaken', store: 'keyring', have: 2, threshold: 3 },
      { kind: 'unsealed', store: 'keyring' },
    ])
  })

  test('count once each, however often one is brought', async () => {
    const { store, bring, have } = room('keyring')
    for (let round = 0; round < 5; round += 1) await bring(nth(store.dealt, 2))
    assert.equal(await have(), 1)
    assert.equal(store.key, undefined)
  })

  test('are refused at once when they are not those that were dealt, and the right ones stay', async () => {
    const { store, bring, have } = room('keyring')
    await bring(nth(store.dealt, 1))
    const answer = await bring(forged(nth(store.dealt, 2)))
    assert.ok(!answer.isTaken)
    assert.equal(answer.sentence, 'This share is not one that was dealt. It is not taken.')
    assert.equal(await have(), 1)
    await bring(nth(store.dealt, 2))
    await bring(nth(store.dealt, 3))
    assert.ok(store.key)
  })

  test('of another keyring are told as such, with both names', async () => {
    const { store, bring, have } = room('keyring')
    const other = dealShares({ threshold: 3, shares: 5 })
    const answer = await bring(nth(other, 1))
    assert.ok(!answer.isTaken)
    assert.ok(answer.sentence.includes(`belongs to ${other.scheme.set}`))
    assert.ok(answer.sentence.includes(`${store.dealt.scheme.set} (keyring)`))
    assert.equal(await have(), 0)
  })

  test('find the store that they belong to, and leave the others sealed', async () => {
    const { stores, bring, shared } = room('keyring', 'keyring:b')
    const [first, second] = stores
    assert.ok(first && second)
    for (const number of [1, 2, 3]) await bring(nth(second.dealt, number))
    assert.deepEqual(
      (await shared.status()).map(({ store, isSealed }) => [store, isSealed]),
      [
        ['keyring', true],
        ['keyring:b', false],
      ],
    )
    assert.equal(first.key, undefined)
  })

  test('that were dealt anew meanwhile make the old ones useless, those already there included', async () => {
    const { store, bring, have } = room('keyring')
    const old = store.dealt
    await bring(nth(old, 1))
    await bring(nth(old, 2))
    store.dealt = dealShares({ threshold: 2, shares: 2 })
    assert.equal(await have(), 0)
    assert.ok(!(await bring(nth(old, 3))).isTaken)
    await bring(nth(store.dealt, 1))
    await bring(nth(store.dealt, 2))
    assert.ok(store.key?.equals(store.dealt.key))
  })

  test('are forgotten when somebody asks for it', async () => {
    const { store, shared, bring, have } = room('keyring')
    await bring(nth(store.dealt, 1))
    shared.reset()
    assert.equal(await have(), 0)
  })

  test('are wiped where they came from, taken or refused', async () => {
    const { store, shared } = room('keyring')
    const other = dealShares({ threshold: 2, shares: 2 })
    for (const text of [nth(store.dealt, 1), nth(other, 1), Buffer.from('hunter2')]) {
      const given = Buffer.from(text)
      await shared.bring(given)
      assert.ok(given.every((byte) => byte === 0))
    }
  })

  test('are not heard for the rest of a minute after five refusals, the right ones included', async () => {
    const { store, bring, time } = room('keyring')
    for (let round = 0; round < 5; round += 1) {
      time.nowMs += 1000
      assert.ok(!(await bring(Buffer.from('gatehouse-share-1-guess'))).isTaken)
    }
    const answer = await bring(nth(store.dealt, 1))
    assert.ok(!answer.isTaken)
    assert.match(answer.sentence, /Too many/)
    assert.equal(answer.retryAfterSeconds, 56)
    time.nowMs += 56_001
    assert.ok((await bring(nth(store.dealt, 1))).isTaken)
  })

  test('open nothing when the database says that the keys are others, and may be brought again', async () => {
    const { store, bring, have, events } = room('keyring')
    store.refusal = 'The canary does not open.'
    for (const number of [1, 2]) await bring(nth(store.dealt, number))
    const answer = await bring(nth(store.dealt, 3))
    assert.deepEqual(answer, {
      isTaken: false,
      sentence: 'It stays sealed, and shares are wanted again. The canary does not open.',
    })
    assert.deepEqual(events.at(-1), {
      kind: 'unsealFailed',
      store: 'keyring',
      reason: 'The canary does not open.',
    })
    assert.equal(await have(), 0)
    store.refusal = undefined
    for (const number of [1, 2, 3]) await bring(nth(store.dealt, number))
    assert.ok(store.key)
  })

  test('are wanted again when the database was away as the last one came', async () => {
    const { store, bring } = room('keyring')
    store.unseal = async () => {
      throw unavailable('The database is away.')
    }
    for (const number of [1, 2]) await bring(nth(store.dealt, number))
    const answer = await bring(nth(store.dealt, 3))
    assert.ok(!answer.isTaken && /wanted again. The database is away/.test(answer.sentence))
    assert.ok(store.isSealed())
  })

  test('no event and no answer holds anything of a share', async () => {
    const { store, bring, events } = room('keyring')
    const answers: unknown[] = []
    for (const text of [
      ...store.dealt.texts,
      forged(nth(store.dealt, 1)),
      nth(dealShares({ threshold: 2, shares: 2 }), 1),
    ]) {
      answers.push(await bring(text))
    }
    const told = JSON.stringify([events, answers])
    for (const text of store.dealt.texts) {
      assert.ok(!told.includes(text.toString().split('-')[6]?.slice(0, 8) ?? ''))
    }
  })

  test('a sealing by hand forgets keys and shares', async () => {
    const { store, shared, bring, have } = room('keyring')
    for (const number of [1, 2, 3]) await bring(nth(store.dealt, number))
    await shared.seal()
    assert.equal(store.key, undefined)
    assert.equal(await have(), 0)
  })
})

describe('a commitment', () => {
  test('is to one share at one place in one set', () => {
    const { scheme, texts } = dealShares({ threshold: 2, shares: 3 })
    const [share] = texts.map((text) => readShare(Buffer.from(text)))
    assert.ok(share)
    assert.ok(isDealt(scheme, share))
    for (const other of [
      { ...share, index: 2 },
      { ...share, index: 4 },
      { ...share, threshold: 3 },
      { ...share, set: '0000000000000000' },
    ]) {
      assert.ok(!isDealt(scheme, other))
    }
  })
})
