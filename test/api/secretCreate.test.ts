import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf } from '../support/doorSecrets.ts'

const TEXT = { payload: 'p', payload_content_type: 'text/plain' }
const long = (length: number, of = 'x') => of.repeat(length)

describe('POST /v1/secrets', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'create', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  test('answers the ref in body and Location, and nothing else', async () => {
    const answer = await creator.post('/v1/secrets', TEXT)
    assert.equal(answer.status, 201)
    assert.deepEqual(Object.keys(answer.json), ['secret_ref'])
    const ref = String(answer.json['secret_ref'])
    assert.match(ref, new RegExp(`^${BASE}/v1/secrets/[0-9a-f]{8}-[0-9a-f-]{27}$`))
    assert.equal(answer.headers['location'], ref)
  })

  test('an empty object makes a secret of defaults', async () => {
    const { path } = await secretOf(creator, {})
    const { json } = await creator.get(path)
    assert.equal(json['secret_type'], 'opaque')
    for (const key of ['name', 'algorithm', 'bit_length', 'mode', 'expiration']) {
      assert.equal(json[key], null, key)
    }
  })

  // field, value, what comes back; undefined: 400 that names the field
  const fields: readonly (readonly [string, unknown, unknown])[] = [
    ['name', 'n', 'n'],
    ['name', '', ''],
    ['name', null, null],
    ['name', '  a b\t\n', 'a b'],
    ['name', '\u0085\u001ca\u001f\u2003', 'a'],
    ['name', '\ufeffa', '\ufeffa'],
    ['name', long(255), long(255)],
    ['name', long(255, '🔑'), long(255, '🔑')],
    ['name', ` ${long(255)} `, long(255)],
    ['name', long(256), undefined],
    ['name', long(256, '🔑'), undefined],
    ['name', 'a\u0000b', undefined],
    ['name', '\ud800', undefined],
    ['name', '\udc00\ud800', undefined],
    ['name', 1, undefined],
    ['name', true, undefined],
    ['name', [], undefined],
    ['name', {}, undefined],
    ...['algorithm', 'mode'].flatMap((key): (readonly [string, unknown, unknown])[] => [
      [key, 'anything at all', 'anything at all'],
      [key, '{"json":["text"]}', '{"json":["text"]}'],
      [key, 'AES', 'AES'],
      [key, '', ''],
      [key, ' aes ', 'aes'],
      [key, long(255), long(255)],
      [key, long(256), undefined],
      [key, null, undefined],
      [key, 7, undefined],
      [key, ['aes'], undefined],
    ]),
    ['bit_length', 1, 1],
    ['bit_length', 7, 7],
    ['bit_length', 256, 256],
    ['bit_length', 32_767, 32_767],
    ['bit_length', 0, undefined],
    ['bit_length', -1, undefined],
    ['bit_length', 32_768, undefined],
    ['bit_length', 1.5, undefined],
    ['bit_length', 1e300, undefined],
    ['bit_length', null, undefined],
    ['bit_length', true, undefined],
    ['bit_length', '256', undefined],
    ['bit_length', [256], undefined],
    ...['symmetric', 'passphrase', 'private', 'public', 'certificate', 'opaque'].map(
      (type): readonly [string, unknown, unknown] => ['secret_type', type, type],
    ),
    ['secret_type', 'Opaque', undefined],
    ['secret_type', '', undefined],
    ['secret_type', 'toString', undefined],
    ['secret_type', null, undefined],
    ['secret_type', 1, undefined],
    ['expiration', '2055-01-01T00:00:00', '2055-01-01T00:00:00'],
    ['expiration', '', null],
    ['expiration', '   ', null],
    ['expiration', null, undefined],
    ['expiration', 2055, undefined],
    ['expiration', long(256, '2'), undefined],
  ]
  for (const [field, value, back] of fields) {
    const shown = JSON.stringify(value)
    const claim =
      back === undefined ? 'is 400 and named' : `comes back as ${JSON.stringify(back).slice(0, 30)}`
    test(`${field} ${shown.slice(0, 30)} (${shown.length}) ${claim}`, async () => {
      const body = `{"${field}":${escaped(value)}}`
      const answer = await creator.post('/v1/secrets', body)
      if (back === undefined) {
        assert.equal(answer.status, 400)
        if (!/\\ud[8c]00/.test(body)) {
          assert.match(String(answer.json['description']), new RegExp(field))
        }
        return
      }
      assert.equal(answer.status, 201, answer.text)
      const { json } = await creator.get(new URL(String(answer.json['secret_ref'])).pathname)
      assert.deepEqual(json[field], back)
    })
  }

  test('bit_length 128.0 is the whole number 128', async () => {
    const answer = await creator.post('/v1/secrets', '{"bit_length":128.0}')
    const got = await creator.get(new URL(String(answer.json['secret_ref'])).pathname)
    assert.match(got.text, /"bit_length":128,/)
  })

  test('of a repeated key the last value counts', async () => {
    const answer = await creator.post('/v1/secrets', '{"name":"first","name":"last"}')
    const { json } = await creator.get(new URL(String(answer.json['secret_ref'])).pathname)
    assert.equal(json['name'], 'last')
  })

  // what is given, status, word in the description
  const combinations: readonly (readonly [Record<string, unknown>, number, string?])[] = [
    [{}, 201],
    [{ payload_content_encoding: 'base64' }, 201],
    [{ transport_key_needed: 'false' }, 201],
    [{ transport_key_id: 'looked up only with a payload' }, 201],
    [{ payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload_content_type: null }, 400, 'payload'],
    [{ payload_content_type: 'nonsense' }, 400, 'payload'],
    [{ payload: 'p' }, 400, 'payload_content_type'],
    [{ payload: 'p', payload_content_type: null }, 400, 'payload_content_type'],
    [{ payload: 'p', payload_content_type: 7 }, 400, 'payload_content_type'],
    [{ payload: '', payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload: ' \n\t ', payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload: null }, 400, 'payload'],
    [{ payload: null, payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload: 7, payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload: ['p'], payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload: { p: 1 }, payload_content_type: 'text/plain' }, 400, 'payload'],
    [{ payload: '\ud800', payload_content_type: 'text/plain' }, 400, 'surrogate'],
    [{ ...TEXT, payload_content_encoding: null }, 400, 'payload_content_encoding'],
    [{ ...TEXT, payload_content_encoding: 'base64' }, 400, 'payload_content_encoding'],
    [{ payload_content_encoding: 'Base64' }, 400, 'payload_content_encoding'],
    [{ payload_content_encoding: 'gzip' }, 400, 'payload_content_encoding'],
    [{ payload_content_encoding: 64 }, 400, 'payload_content_encoding'],
    [{ ...TEXT, payload_content_type: long(256) }, 400, 'payload_content_type'],
    [{ transport_key_needed: true }, 400, 'transport_key_needed'],
    [{ transport_key_needed: 'yes' }, 400, 'transport_key_needed'],
    [{ transport_key_needed: null }, 400, 'transport_key_needed'],
    [{ transport_key_needed: 'true' }, 400, 'transport_key_needed'],
    [{ ...TEXT, transport_key_needed: 'true' }, 201],
    [{ ...TEXT, transport_key_id: 'unknown' }, 400, 'transport_key_id'],
    [{ transport_key_id: 7 }, 400, 'transport_key_id'],
    [{ anything: 'else', nested: { a: [1] } }, 201],
  ]
  for (const [body, status, word] of combinations) {
    test(`${JSON.stringify(body).slice(0, 90)} is ${status}`, async () => {
      const answer = await creator.post('/v1/secrets', `{${bodyOf(body)}}`)
      assert.equal(answer.status, status, answer.text)
      if (word !== undefined) assert.match(String(answer.json['description']), new RegExp(word))
    })
  }

  test('the payload is not repeated in any refusal of it', async () => {
    for (const fields of [
      { payload: 'hunter2 hunter2' },
      { payload: 'hunter2 !', payload_content_type: 'application/octet-stream' },
      { payload: ['hunter2'], payload_content_type: 'text/plain' },
      { payload: 'hunter2', payload_content_type: 'text/x-hunter' },
    ]) {
      const answer = await creator.post('/v1/secrets', fields)
      assert.equal(answer.status, 400)
      assert.ok(!answer.text.includes('hunter2'), answer.text)
    }
  })

  test('20000 bytes of payload as sent are the most, counted in UTF-8 and as base64 text (Q69)', async () => {
    const rows: readonly (readonly [string, string, number])[] = [
      ['text/plain', long(20_000), 201],
      ['text/plain', long(20_001), 413],
      ['text/plain', long(10_000, 'é'), 201],
      ['text/plain', `${long(10_000, 'é')}x`, 413],
      ['text/plain', `  ${long(20_000)}  `, 201],
      ['application/octet-stream', Buffer.alloc(15_000).toString('base64'), 201],
      ['application/octet-stream', Buffer.alloc(15_001).toString('base64'), 413],
    ]
    for (const [type, payload, status] of rows) {
      const body = {
        payload,
        payload_content_type: type,
        ...(type === 'text/plain' ? {} : { payload_content_encoding: 'base64' }),
      }
      const answer = await creator.post('/v1/secrets', body)
      assert.equal(answer.status, status, `${type} ${payload.length}`)
    }
  })

  test('25000 bytes of body are the most', async () => {
    const padded = (size: number) => `{"x":"${long(size - 8)}"}`
    assert.equal((await creator.post('/v1/secrets', padded(25_000))).status, 201)
    assert.equal((await creator.post('/v1/secrets', padded(25_001))).status, 413)
  })

  test('a secret belongs to who made it, without a user id to nobody', async () => {
    const { path } = await secretOf(creator)
    assert.equal((await creator.get(path)).json['creator_id'], 'u')
    const anonymous = door.as({ project: 'create', roles: ['creator'] })
    const made = await secretOf(anonymous)
    assert.equal((await creator.get(made.path)).json['creator_id'], null)
  })
})

/** JSON with every code unit beyond ASCII escaped, lone surrogates included. */
function escaped(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function bodyOf(fields: Readonly<Record<string, unknown>>): string {
  return Object.entries(fields)
    .map(([key, value]) => `"${key}":${escaped(value)}`)
    .join(',')
}
