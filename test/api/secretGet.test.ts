import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretOfBytes, secretWithPayload } from '../support/doorSecrets.ts'

const OCTETS = 'application/octet-stream'
const ALL_FIELDS = {
  name: 'disk',
  secret_type: 'symmetric',
  algorithm: 'aes',
  bit_length: 256,
  mode: 'xts',
  expiration: '2055-01-01T00:00:00',
}
const KEYS = [
  'created',
  'updated',
  'status',
  'name',
  'secret_type',
  'expiration',
  'algorithm',
  'bit_length',
  'mode',
  'creator_id',
]
const at = (version: string) => ({ 'openstack-api-version': `key-manager ${version}` })

describe('reading and deleting one secret', () => {
  let door: Door
  let creator: Caller
  let auditor: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'get', user: 'u', roles: ['creator'] })
    auditor = door.as({ project: 'get', user: 'a', roles: ['audit'] })
  })
  after(() => door.close())

  describe('GET /v1/secrets/{id}', () => {
    test('has exactly the keys of its version, in order, without what there is not', async () => {
      const { path, ref } = await secretWithPayload(creator, ALL_FIELDS)
      const old = await creator.get(path)
      assert.deepEqual(Object.keys(old.json), [...KEYS, 'content_types', 'secret_ref'])
      const newer = await creator.get(path, at('1.1'))
      assert.deepEqual(Object.keys(newer.json), [
        ...KEYS,
        'consumers',
        'content_types',
        'secret_ref',
      ])
      assert.deepEqual(newer.json['consumers'], [])
      const { created, updated, ...rest } = old.json
      assert.deepEqual(rest, {
        status: 'ACTIVE',
        ...ALL_FIELDS,
        creator_id: 'u',
        content_types: { default: 'text/plain' },
        secret_ref: ref,
      })
      assert.match(String(created), /^2026-01-02T03:04:05\.\d{6}$/)
      assert.match(String(updated), /^2026-01-02T03:04:05\.\d{6}$/)
      const empty = await secretOf(creator)
      assert.deepEqual(Object.keys((await creator.get(empty.path)).json), [...KEYS, 'secret_ref'])
    })

    test('a time without fraction has none on the wire', async () => {
      door.clock.set('2026-02-03T04:05:06Z')
      const { path } = await secretOf(creator)
      assert.equal((await creator.get(path)).json['created'], '2026-02-03T04:05:06')
    })

    for (const accept of [
      undefined,
      '*/*',
      'application/json',
      '',
      'application/json; charset=utf-8',
      'application/json;q=0.9',
      'application/*',
      'application/json, */*',
      '*/*;q=0.8',
      'APPLICATION/JSON',
      'text/html, application/json;q=0.5',
    ]) {
      test(`Accept ${accept ?? 'absent'} means metadata, which audit may see (Q11)`, async () => {
        const { path } = await secretWithPayload(creator)
        const answer = await auditor.get(path, accept === undefined ? undefined : { accept })
        assert.equal(answer.status, 200)
        assert.equal(answer.headers['content-type'], 'application/json')
        assert.equal(answer.json['status'], 'ACTIVE')
      })
    }

    for (const accept of [
      'text/plain',
      OCTETS,
      'application/pkcs8',
      'text/plain, application/json',
    ]) {
      test(`Accept ${accept} means the payload, which audit may not see (Q11)`, async () => {
        const { path } = await secretWithPayload(creator, { payload: 'legacy' })
        const answer = await creator.get(path, { accept })
        assert.equal(answer.status, 200)
        assert.equal(answer.text, 'legacy')
        const refused = await auditor.get(path, { accept })
        assert.equal(refused.status, 403)
        assert.match(refused.text, /secret:decrypt/)
      })
    }

    for (const accept of ['text/html', 'application/xml', 'garbage', 'image/*', 'text/plain;q=0']) {
      test(`Accept ${accept} is judged as a payload read, then 406`, async () => {
        const { path } = await secretWithPayload(creator)
        assert.equal((await auditor.get(path, { accept })).status, 403)
        assert.equal((await creator.get(path, { accept })).status, 406)
        const empty = await secretOf(creator)
        assert.equal((await creator.get(empty.path, { accept })).status, 404)
      })
    }

    test('the ETag differs between versions and after the payload came', async () => {
      const { path } = await secretOf(creator)
      const tagOf = async (version: string) =>
        (await creator.get(path, at(version))).headers['etag']
      const tags = [await tagOf('1.0'), await tagOf('1.1')]
      await creator.put(path, 'x', { 'content-type': 'text/plain' })
      tags.push(await tagOf('1.0'), await tagOf('1.1'))
      for (const tag of tags) assert.match(tag ?? '', /^"[^"]+"$/)
      assert.equal(new Set(tags).size, 4)
      assert.equal(await tagOf('1.0'), tags[2])
    })

    test('If-None-Match is 304 for this tag only, and for nobody who may not read', async () => {
      const { path } = await secretWithPayload(creator)
      const etag = (await creator.get(path)).headers['etag'] ?? ''
      for (const value of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
        const answer = await creator.get(path, { 'if-none-match': value })
        assert.equal(answer.status, 304, value)
        assert.equal(answer.bytes.length, 0)
        assert.equal(answer.headers['etag'], etag)
      }
      for (const value of ['"other"', '', etag.slice(1), etag.replaceAll('"', '')]) {
        assert.equal((await creator.get(path, { 'if-none-match': value })).status, 200, value)
      }
      const elsewhere = door.as({ project: 'elsewhere', user: 'u', roles: ['admin'] })
      assert.equal((await elsewhere.get(path, { 'if-none-match': etag })).status, 403)
      assert.equal((await creator.get(path, { 'if-none-match': etag, ...at('1.1') })).status, 200)
      await creator.delete(path)
      assert.equal((await creator.get(path, { 'if-none-match': etag })).status, 404)
    })

    test('transport_key_needed is no reason to refuse', async () => {
      const { path } = await secretWithPayload(creator)
      assert.equal((await creator.get(`${path}?transport_key_needed=true`)).status, 200)
      const query = '?trans_wrapped_session_key=x&transport_key_id=y'
      assert.equal((await creator.get(`${path}/payload${query}`)).status, 200)
    })
  })

  /** Accept; the Content-Type for a text secret, and for one of bytes that are not UTF-8; a number is a refusal. */
  const NEGOTIATION: readonly (readonly [string | undefined, string | number, string | number])[] =
    [
      [undefined, OCTETS, OCTETS],
      ['', OCTETS, OCTETS],
      ['*/*', 'text/plain; charset=UTF-8', OCTETS],
      ['text/plain', 'text/plain; charset=UTF-8', 406],
      ['text/plain;charset=utf-8', 'text/plain;charset=utf-8', 406],
      ['text/plain; charset=utf-8', 'text/plain; charset=utf-8', 406],
      ['text/plain; charset=UTF-8', 'text/plain; charset=UTF-8', 406],
      ['TEXT/PLAIN', 'text/plain; charset=UTF-8', 406],
      ['text/plain;charset=latin1', 406, 406],
      ['text/*', 'text/plain; charset=UTF-8', 406],
      [OCTETS, OCTETS, OCTETS],
      ['application/pkcs8', 'application/pkcs8', 'application/pkcs8'],
      ['application/*', OCTETS, OCTETS],
      ['text/plain;q=0.5, application/octet-stream', OCTETS, OCTETS],
      ['text/plain, application/octet-stream;q=0.5', 'text/plain; charset=UTF-8', OCTETS],
      ['text/html, */*;q=0.1', 'text/plain; charset=UTF-8', OCTETS],
      ['text/html', 406, 406],
      ['application/json', 406, 406],
      ['application/xml, text/html', 406, 406],
      ['application/octet-stream;q=0', 406, 406],
      ['garbage', 406, 406],
    ]

  describe('GET /v1/secrets/{id}/payload', () => {
    const TEXT_BYTES = Buffer.from('text ünd 🔑')
    const OTHER_BYTES = Buffer.from([0xff, 0xfe, 0x00, 0x80])

    for (const [accept, forText, forBytes] of NEGOTIATION) {
      test(`Accept ${accept ?? 'absent'}: ${forText} for text, ${forBytes} for bytes (Q10, Q12)`, async () => {
        const text = await secretWithPayload(creator, { payload: TEXT_BYTES.toString() })
        const binary = await secretOfBytes(creator, OTHER_BYTES)
        for (const [path, expected, bytes] of [
          [text.path, forText, TEXT_BYTES],
          [binary.path, forBytes, OTHER_BYTES],
        ] as const) {
          const headers = accept === undefined ? undefined : { accept }
          const answer = await creator.get(`${path}/payload`, headers)
          if (typeof expected === 'number') {
            assert.equal(answer.status, expected)
            continue
          }
          assert.equal(answer.status, 200, answer.text)
          assert.equal(answer.headers['content-type'], expected)
          assert.equal(answer.headers['content-length'], String(bytes.length))
          assert.deepEqual(answer.bytes, bytes)
        }
      })
    }

    test('each kind may be asked for as what its metadata says it is', async () => {
      for (const [type, encoding] of [
        ['text/plain', undefined],
        [OCTETS, 'base64'],
        ['application/pkcs8', 'base64'],
      ] as const) {
        const { path } = await secretOf(creator, {
          payload: 'AAEC',
          payload_content_type: type,
          ...(encoding === undefined ? {} : { payload_content_encoding: encoding }),
        })
        const { json } = await creator.get(path)
        const accept = (json['content_types'] as { default: string }).default
        const answer = await creator.get(`${path}/payload`, { accept })
        assert.equal(answer.status, 200)
        assert.match(answer.headers['content-type'] ?? '', new RegExp(`^${type}`))
      }
    })

    test('without a payload it is 404 before Accept is looked at', async () => {
      const { path } = await secretOf(creator)
      for (const accept of ['*/*', 'text/html']) {
        assert.equal((await creator.get(`${path}/payload`, { accept })).status, 404)
      }
      const stranger = door.as({ project: 'get', user: 'v', roles: ['audit'] })
      assert.equal((await stranger.get(`${path}/payload`)).status, 403)
    })

    test('nobody on the way may keep a payload', async () => {
      const { path } = await secretWithPayload(creator)
      assert.equal((await creator.get(`${path}/payload`)).headers['cache-control'], 'no-store')
    })

    test('stored text that is no UTF-8 is 406 as text and whole as octets', async () => {
      const { path } = await secretOf(creator)
      await creator.put(path, OTHER_BYTES, { 'content-type': 'text/plain' })
      for (const accept of ['text/plain', '*/*']) {
        assert.equal((await creator.get(`${path}/payload`, { accept })).status, 406)
      }
      assert.deepEqual((await creator.get(`${path}/payload`)).bytes, OTHER_BYTES)
    })

    test('a payload that was read is the same the next time: wiping hits no shared memory', async () => {
      const { path } = await secretOfBytes(creator, Buffer.alloc(5000, 0x41))
      const reads = await Promise.all(
        Array.from({ length: 20 }, () => creator.get(`${path}/payload`)),
      )
      for (const { bytes } of reads) assert.deepEqual(bytes, Buffer.alloc(5000, 0x41))
    })
  })

  describe('DELETE /v1/secrets/{id}', () => {
    test('is an empty 204, and then the secret is gone in every way', async () => {
      const { path } = await secretWithPayload(creator, { name: 'gone' })
      await creator.put(`${path}/metadata`, { metadata: { k: 'v' } })
      const answer = await creator.delete(path)
      assert.equal(answer.status, 204)
      assert.equal(answer.bytes.length, 0)
      for (const tail of ['', '/payload', '/metadata', '/metadata/k']) {
        assert.equal((await creator.get(path + tail)).status, 404)
      }
      assert.equal((await creator.delete(path)).status, 404)
      assert.equal((await creator.get('/v1/secrets?name=gone')).json['total'], 0)
    })

    test('takes a body without looking at it', async () => {
      const { path } = await secretOf(creator)
      const body = '{"not": json'
      assert.equal((await creator.ask('DELETE', path, { body })).status, 204)
    })

    for (const force of ['1', '0', 't', 'F', 'true', 'FALSE', 'y', 'n', 'Yes', 'no', 'ON', 'off']) {
      test(`force=${force} is understood at 1.2`, async () => {
        const { path } = await secretOf(creator)
        assert.equal((await creator.delete(`${path}?force=${force}`, at('1.2'))).status, 204)
      })
    }
    for (const force of ['', 'maybe', '2', 'truee', '-1', '%00', 'null']) {
      test(`force=${force} is 400 at 1.2, and nothing below it`, async () => {
        const { path } = await secretOf(creator)
        const refused = await creator.delete(`${path}?force=${force}`, at('1.2'))
        assert.equal(refused.status, 400)
        assert.match(String(refused.json['description']), /force/)
        assert.equal((await creator.get(path)).status, 200)
        assert.equal((await creator.delete(`${path}?force=${force}`, at('1.1'))).status, 204)
      })
    }
  })
})

describe('nameless_secrets = id', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor({ nameless: 'id' })
    creator = door.as({ project: 'nameless', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  test('a secret without name answers its id as name, in lists too; a name stays a name', async () => {
    const nameless = await secretOf(creator)
    const named = await secretOf(creator, { name: 'n' })
    const empty = await secretOf(creator, { name: '' })
    assert.equal((await creator.get(nameless.path)).json['name'], nameless.id)
    const list = (await creator.get('/v1/secrets')).json['secrets'] as { name: string }[]
    assert.deepEqual(
      list.map(({ name }) => name),
      [nameless.id, 'n', ''],
    )
    assert.equal((await creator.get(named.path)).json['name'], 'n')
    assert.equal((await creator.get(empty.path)).json['name'], '')
    assert.equal(nameless.ref, `${BASE}/v1/secrets/${nameless.id}`)
  })
})
