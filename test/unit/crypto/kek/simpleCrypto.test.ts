import assert from 'node:assert/strict'
import { createDecipheriv, createHmac, createSecretKey, hkdfSync } from 'node:crypto'
import { describe, test } from 'node:test'
import { openSimpleCrypto } from '../../../../src/crypto/kek/simpleCrypto.ts'
import { Fault } from '../../../../src/lib/fault.ts'
import { StartupRefusal } from '../../../../src/lib/startupRefusal.ts'

const signal = new AbortController().signal
const CONTEXT = Buffer.from('context')
const KEY = Buffer.alloc(32, 5)
const [FIRST, SECOND] = [Buffer.alloc(32, 0xfb), Buffer.alloc(32, 2)]

function lineOf(key: Uint8Array): string {
  return `${Buffer.from(key).toString('base64url')}=`
}

describe('the KEKs of a barbican.conf', () => {
  test('have the same names on every node, and tell nothing of the keys', () => {
    const { keks, currentKekId, kind } = openSimpleCrypto({
      keks: [lineOf(FIRST), lineOf(SECOND)],
    }).describe()
    assert.equal(kind, 'simple_crypto')
    // Never regenerated in passing: rows of project keys hold these ids.
    const derived = (key: Uint8Array, salt: string, label: string, bytes: number) =>
      Buffer.from(hkdfSync('sha256', key, salt, label, bytes)).toString('hex')
    assert.deepEqual(
      keks.map(({ id, fingerprint, state }) => [id, fingerprint, state]),
      [
        [
          derived(FIRST, 'gatehouse/simple-crypto/1', 'id', 8),
          derived(FIRST, 'gatehouse/kek/1', 'fingerprint', 16),
          'primary',
        ],
        [
          derived(SECOND, 'gatehouse/simple-crypto/1', 'id', 8),
          derived(SECOND, 'gatehouse/kek/1', 'fingerprint', 16),
          'decrypt-only',
        ],
      ],
    )
    assert.equal(currentKekId, keks[0]?.id)
  })

  test('are read in either alphabet of base64, as the library behind Barbican reads them', () => {
    const [safe, usual] = [lineOf(FIRST), FIRST.toString('base64')]
    assert.notEqual(safe, usual)
    const idOf = (line: string) => openSimpleCrypto({ keks: [line] }).describe().currentKekId
    assert.equal(idOf(safe), idOf(usual))
  })

  test('open what they wrapped when a new one was put before them', async () => {
    const before = openSimpleCrypto({ keks: [lineOf(FIRST)] })
    const wrapped = await before.wrap(KEY, CONTEXT, signal)
    const after = openSimpleCrypto({ keks: [lineOf(SECOND), lineOf(FIRST)] })
    assert.deepEqual(Buffer.from(await after.unwrap(wrapped, CONTEXT, signal)), KEY)
    const { kekId } = await after.wrap(KEY, CONTEXT, signal)
    assert.notEqual(kekId, wrapped.kekId)
    await assert.rejects(
      before.unwrap({ ...wrapped, kekId }, CONTEXT, signal),
      (error) => error instanceof Fault && error.kind === 'corrupted',
    )
  })

  test('wrap with a subkey: what they wrap is none of what Fernet or the key itself would open', async () => {
    const { blob } = await openSimpleCrypto({ keks: [lineOf(FIRST)] }).wrap(KEY, CONTEXT, signal)
    const bytes = Buffer.from(blob)
    assert.notEqual(bytes[0], 0x80, 'the first byte of a Fernet token')
    const [body, tag] = [bytes.subarray(13, 45), bytes.subarray(45)]
    const raw = createSecretKey(FIRST)
    const decipher = createDecipheriv('aes-256-gcm', raw, bytes.subarray(1, 13), {
      authTagLength: 16,
    })
    decipher.setAuthTag(tag)
    decipher.update(body)
    assert.throws(() => decipher.final())
    const signing = createSecretKey(FIRST.subarray(0, 16))
    const mac = createHmac('sha256', signing).update(bytes.subarray(0, -32)).digest()
    assert.notDeepEqual(mac, bytes.subarray(-32))
  })

  test('are refused when one is none, without a word of it', () => {
    for (const line of ['hunter2', '', lineOf(Buffer.alloc(16))]) {
      assert.throws(
        () => openSimpleCrypto({ keks: [lineOf(FIRST), line] }),
        (error) =>
          error instanceof StartupRefusal &&
          /is no key/.test(error.message) &&
          !error.message.includes('hunter2'),
      )
    }
  })
})
