import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOfBytes, secretWithPayload } from '../support/doorSecrets.ts'

/** Content type on POST; the type it is kept as without encoding and with base64, undefined: 400. */
const MATRIX: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ['text/plain', 'text/plain', undefined],
  ['text/plain;charset=utf-8', 'text/plain', undefined],
  ['text/plain; charset=utf-8', 'text/plain', undefined],
  ['text/plain ;  charset = UTF-8', 'text/plain', undefined],
  ['TEXT/PLAIN; CHARSET=Utf-8', 'text/plain', undefined],
  ['  text/plain', 'text/plain', undefined],
  ['text/plain;anything=utf-8', 'text/plain', undefined],
  ['text/plain;charset=ascii', undefined, undefined],
  ['text/plain;charset=utf-16', undefined, undefined],
  ['text/plain;charset', undefined, undefined],
  ['text/plain;foo', undefined, undefined],
  ['text/plain;', undefined, undefined],
  ['text/plain;charset=utf-8;x=y', 'text/plain', undefined],
  ['text/plain;charset=utf-8;', 'text/plain', undefined],
  ['text/plain;x=y;charset=utf-8', undefined, undefined],
  ['application/octet-stream', undefined, 'application/octet-stream'],
  ['application/octet-stream;charset=utf-8', undefined, 'application/octet-stream'],
  ['Application/Octet-Stream', undefined, 'application/octet-stream'],
  ['application/octet-stream;', undefined, undefined],
  ['application/pkcs8', undefined, 'application/pkcs8'],
  ['APPLICATION/PKCS8', undefined, 'application/pkcs8'],
  ['application/pkcs8;charset=utf-8', undefined, undefined],
  ['application/aes', undefined, undefined],
  ['application/pkix-cert', undefined, undefined],
  ['application/x-pem-file', undefined, undefined],
  ['text/html', undefined, undefined],
  ['text/', undefined, undefined],
  ['', undefined, undefined],
  ['*/*', undefined, undefined],
  ['text/plain, application/octet-stream', undefined, undefined],
  ['__proto__', undefined, undefined],
]

const octets = { accept: 'application/octet-stream' }

describe('what a POST may bring as payload', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'types', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  for (const [type, plain, encoded] of MATRIX) {
    for (const [encoding, kept] of [
      [undefined, plain],
      ['base64', encoded],
    ] as const) {
      const claim = kept === undefined ? 'refused' : `kept as ${kept}`
      test(`"${type}" ${encoding ?? 'without encoding'} is ${claim}`, async () => {
        const answer = await creator.post('/v1/secrets', {
          payload: 'AAECAw==',
          payload_content_type: type,
          ...(encoding === undefined ? {} : { payload_content_encoding: encoding }),
        })
        if (kept === undefined) {
          assert.equal(answer.status, 400, answer.text)
          return
        }
        assert.equal(answer.status, 201, answer.text)
        const path = new URL(String(answer.json['secret_ref'])).pathname
        assert.deepEqual((await creator.get(path)).json['content_types'], { default: kept })
        const { bytes } = await creator.get(`${path}/payload`, octets)
        const expected =
          encoding === undefined ? Buffer.from('AAECAw==') : Buffer.from([0, 1, 2, 3])
        assert.deepEqual(bytes, expected)
      })
    }
  }

  for (const type of ['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque']) {
    test(`bytes in are bytes out for ${type}, nothing is parsed`, async () => {
      const bytes = Buffer.from([0, 255, 1, 128, 10, 13, 10, 0, 239, 187, 191])
      const { path } = await secretOfBytes(creator, bytes, { secret_type: type })
      assert.deepEqual((await creator.get(`${path}/payload`, octets)).bytes, bytes)
      const text = await secretWithPayload(creator, { secret_type: type, payload: 'no PEM at all' })
      assert.equal((await creator.get(`${text.path}/payload`)).text, 'no PEM at all')
    })
  }

  test('text is trimmed as Python trims, binary is not', async () => {
    const { path } = await secretWithPayload(creator, {
      payload: '\u0085\n -----BEGIN-----\nabc\n \ufeff\u001f\n',
    })
    const { text } = await creator.get(`${path}/payload`)
    assert.equal(text, '-----BEGIN-----\nabc\n \ufeff')
    const bytes = Buffer.from('  \n x \n ')
    const binary = await secretOfBytes(creator, bytes)
    assert.deepEqual((await creator.get(`${binary.path}/payload`, octets)).bytes, bytes)
  })

  test('text beyond ASCII is kept as UTF-8', async () => {
    const payload = 'pässwörd 🔑 \u0000 \u007f'
    const { path } = await secretWithPayload(creator, { payload })
    assert.deepEqual((await creator.get(`${path}/payload`, octets)).bytes, Buffer.from(payload))
  })

  // payload as sent; the bytes that are kept, undefined: 400
  const base64: readonly (readonly [string, string, Buffer | undefined])[] = [
    ['plain', 'AAEC', Buffer.from([0, 1, 2])],
    ['padded once', 'AAECAwQ=', Buffer.from([0, 1, 2, 3, 4])],
    ['padded twice', 'AA==', Buffer.from([0])],
    ['with + and /', '+/+/', Buffer.from([0xfb, 0xff, 0xbf])],
    [
      'wrapped at 76',
      Buffer.alloc(120, 7)
        .toString('base64')
        .replace(/(.{76})/g, '$1\n'),
      Buffer.alloc(120, 7),
    ],
    ['wrapped with CRLF', 'AA\r\nEC\r\n', Buffer.from([0, 1, 2])],
    ['with blanks and tabs', ' A A\tE C ', Buffer.from([0, 1, 2])],
    ['with a newline within the padding', 'AA=\n=', Buffer.from([0])],
    ['without its padding', 'AAECAwQ', undefined],
    ['padded too much', 'AAEC====', undefined],
    ['padded in the middle', 'AA==AAEC', undefined],
    ['url-safe', '-_-_', undefined],
    ['with junk in it', 'AA*EC', undefined],
    ['only junk', '!!!!', undefined],
    ['only padding', '====', undefined],
    ['of one character', 'A', undefined],
    ['beyond ASCII', 'AAÉC', undefined],
    ['with full-width letters', 'ＡＡＥＣ', undefined],
    ['with a NUL', 'AAE\u0000', undefined],
    ['a PEM with its armour', '-----BEGIN X-----\nAAEC\n-----END X-----', undefined],
    ['JSON', '{"a":1}', undefined],
  ]
  for (const [what, payload, bytes] of base64) {
    test(`base64 ${what} is ${bytes === undefined ? 'refused' : 'decoded to the byte'} (Q13)`, async () => {
      const answer = await creator.post('/v1/secrets', {
        payload,
        payload_content_type: 'application/octet-stream',
        payload_content_encoding: 'base64',
      })
      assert.equal(answer.status, bytes === undefined ? 400 : 201, answer.text)
      if (bytes === undefined) return
      const path = new URL(String(answer.json['secret_ref'])).pathname
      assert.deepEqual((await creator.get(`${path}/payload`, octets)).bytes, bytes)
    })
  }
})
