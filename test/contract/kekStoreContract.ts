import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { KekStore } from '../../src/domain/ports/crypto.ts'
import { Fault } from '../../src/lib/fault.ts'

const CONTEXT = Buffer.from('deployment, project, project-key id')
const signal = new AbortController().signal

function isFault(kind: Fault['kind']) {
  return (error: unknown) => error instanceof Fault && error.kind === kind
}

/** Every copy of `bytes` with one bit turned, and a few with a byte less or more. */
function damaged(bytes: Uint8Array): readonly Uint8Array[] {
  const flips = Array.from(bytes, (_, index) =>
    Uint8Array.from(bytes, (byte, at) => (at === index ? byte ^ 0x80 : byte)),
  )
  return [
    ...flips,
    new Uint8Array(),
    bytes.subarray(1),
    bytes.subarray(0, -1),
    Buffer.concat([bytes, Uint8Array.of(0)]),
  ]
}

/** What every KEK store promises (domain/ports/crypto.ts). `open` gives a new one each time. */
export function kekStoreContract(name: string, open: () => Promise<KekStore>): void {
  describe(`KEK store contract: ${name}`, () => {
    test('unwraps what it wrapped, again and again', async () => {
      const store = await open()
      const key = randomBytes(32)
      const wrapped = await store.wrap(key, CONTEXT, signal)
      for (let round = 0; round < 3; round += 1) {
        assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)), key)
      }
    })

    test('wraps 32 bytes of text as well: the canary', async () => {
      const store = await open()
      const text = Buffer.from('0123456789abcdef0123456789abcdef')
      const wrapped = await store.wrap(text, CONTEXT, signal)
      assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)), text)
    })

    test('keeps neither the key given nor the key answered', async () => {
      const store = await open()
      const key = randomBytes(32)
      const given = Buffer.from(key)
      const wrapped = await store.wrap(given, CONTEXT, signal)
      given.fill(0)
      const first = await store.unwrap(wrapped, CONTEXT, signal)
      first.fill(0)
      assert.deepEqual(Buffer.from(await store.unwrap(wrapped, CONTEXT, signal)), key)
    })

    test('the wrapped form does not hold the key, and is another one each time', async () => {
      const store = await open()
      const key = randomBytes(32)
      const [one, two] = [
        await store.wrap(key, CONTEXT, signal),
        await store.wrap(key, CONTEXT, signal),
      ]
      assert.notDeepEqual(one.blob, two.blob)
      assert.equal(Buffer.from(one.blob).includes(key), false)
    })

    test('refuses every other context', async () => {
      const store = await open()
      const wrapped = await store.wrap(randomBytes(32), CONTEXT, signal)
      for (const context of damaged(CONTEXT)) {
        await assert.rejects(store.unwrap(wrapped, context, signal), isFault('corrupted'))
      }
    })

    test('refuses a wrapped key with any byte changed, missing or added', async () => {
      const store = await open()
      const { kekId, blob } = await store.wrap(randomBytes(32), CONTEXT, signal)
      for (const other of damaged(blob)) {
        await assert.rejects(
          store.unwrap({ kekId, blob: other }, CONTEXT, signal),
          isFault('corrupted'),
        )
      }
    })

    test('refuses a KEK id it does not have, also that of another store of its kind', async () => {
      const [store, other] = [await open(), await open()]
      const { blob } = await store.wrap(randomBytes(32), CONTEXT, signal)
      for (const kekId of ['', 'nobody', other.describe().currentKekId]) {
        await assert.rejects(store.unwrap({ kekId, blob }, CONTEXT, signal), isFault('corrupted'))
      }
    })

    test('wraps under the KEK it calls current, which is its only primary one', async () => {
      const store = await open()
      const { currentKekId, keks } = store.describe()
      const { kekId } = await store.wrap(randomBytes(32), CONTEXT, signal)
      assert.equal(kekId, currentKekId)
      const primaries = keks.filter((kek) => kek.state === 'primary')
      assert.deepEqual(
        primaries.map((kek) => kek.id),
        [currentKekId],
      )
    })

    test('two stores with different KEKs have different fingerprints', async () => {
      const fingerprints = await Promise.all(
        [open(), open()].map(async (store) => (await store).describe().keks[0]?.fingerprint),
      )
      assert.ok(fingerprints[0] !== undefined && fingerprints[0].length >= 16)
      assert.notEqual(fingerprints[0], fingerprints[1])
    })

    test('is healthy, and stops at once for a signal that has fired', async () => {
      const store = await open()
      await store.health(signal)
      const fired = AbortSignal.abort(new Error('enough'))
      const wrapped = await store.wrap(randomBytes(32), CONTEXT, signal)
      await assert.rejects(store.health(fired))
      await assert.rejects(store.wrap(randomBytes(32), CONTEXT, fired))
      await assert.rejects(store.unwrap(wrapped, CONTEXT, fired))
    })

    test('closed, it is unavailable', async () => {
      const store = await open()
      const wrapped = await store.wrap(randomBytes(32), CONTEXT, signal)
      await store.close()
      await assert.rejects(store.health(signal), isFault('unavailable'))
      await assert.rejects(store.wrap(randomBytes(32), CONTEXT, signal), isFault('unavailable'))
      await assert.rejects(store.unwrap(wrapped, CONTEXT, signal), isFault('unavailable'))
    })

    test('prints no bytes of any key', async () => {
      const printed = inspect(await open(), { depth: 20, showHidden: true })
      assert.doesNotMatch(printed, /Buffer|Uint8Array|KeyObject/)
    })
  })
}
