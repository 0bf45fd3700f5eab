import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretWithPayload } from '../support/doorSecrets.ts'

const SERVED = [
  undefined,
  '*/*',
  'application/json',
  'application/*',
  'application/json; charset=utf-8',
  'application/json;q=0.1',
  'text/html, application/json',
  'text/html,application/xhtml+xml,*/*;q=0.8',
  'APPLICATION/JSON',
  'garbage',
  ';;;',
  ',',
]
const EXCLUDED = [
  'text/plain',
  'text/html',
  'application/octet-stream',
  'text/html, text/plain',
  'application/json;q=0',
  'application/xml;q=0.9',
]

describe('content negotiation of JSON endpoints', () => {
  let door: Door
  let creator: Caller
  let stranger: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'negotiation', user: 'u', roles: ['admin'] })
    stranger = door.as({ project: 'negotiation', user: 'v', roles: ['nothing'] })
  })
  after(() => door.close())

  for (const accept of SERVED) {
    test(`Accept ${accept ?? 'absent'} is served as application/json without charset`, async () => {
      const headers = accept === undefined ? undefined : { accept }
      for (const path of ['/v1/secrets', '/v1/orders']) {
        const answer = await creator.get(path, headers)
        assert.equal(answer.status, 200)
        assert.equal(answer.headers['content-type'], 'application/json')
      }
    })
  }

  for (const accept of EXCLUDED) {
    test(`Accept ${accept} is 406 before policy and before any change`, async () => {
      const headers = { accept }
      for (const caller of [creator, stranger]) {
        const refused = [
          await caller.get('/v1/secrets', headers),
          await caller.get('/v1/orders', headers),
          await caller.post('/v1/secrets', { name: 'never made' }, headers),
          await caller.post('/v1/orders', { type: 'key', meta: {} }, headers),
          await caller.put('/v1/orders', {}, headers),
        ]
        for (const { status } of refused) assert.equal(status, 406)
      }
      const list = await creator.get('/v1/secrets?name=never%20made')
      assert.equal(list.json['total'], 0)
    })
  }

  test('DELETE and the payload PUT do not look at Accept', async () => {
    const headers = { accept: 'text/html' }
    const { path } = await secretWithPayload(creator)
    assert.equal((await creator.delete(path, headers)).status, 204)
    const made = await creator.post('/v1/secrets', {})
    const two = new URL(String(made.json['secret_ref'])).pathname
    const stored = await creator.put(two, 'x', { ...headers, 'content-type': 'text/plain' })
    assert.equal(stored.status, 204)
  })

  test('names beyond ASCII are escaped', async () => {
    const name = 'Schlüssel für Ærøskøbing \u2028 🔑'
    await creator.post('/v1/secrets', { name })
    const list = await creator.get(`/v1/secrets?name=${encodeURIComponent(name)}`)
    assert.match(list.text, /Schl\\u00fcssel.*\\u2028 \\ud83d\\udd11/)
    assert.equal((list.json['secrets'] as { name: string }[])[0]?.name, name)
  })

  const bodyTypes: readonly (readonly [string | undefined, number])[] = [
    ['application/json', 201],
    ['application/json; charset=utf-8', 201],
    ['application/json;charset=latin1', 201],
    ['application/json ; x', 201],
    [undefined, 415],
    ['', 415],
    ['Application/JSON', 415],
    ['application/JSON', 415],
    ['text/json', 415],
    ['application/jsonx', 415],
    ['application/x-www-form-urlencoded', 415],
    ['text/plain', 415],
    ['application/json, text/plain', 415],
  ]
  for (const [type, status] of bodyTypes) {
    test(`a JSON body with Content-Type ${type ?? 'absent'} is ${status}`, async () => {
      const headers = type === undefined ? {} : { 'content-type': type }
      const answer = await creator.ask('POST', '/v1/secrets', { body: '{"name":"n"}', headers })
      assert.equal(answer.status, status)
      const { status: ordered } = await creator.ask('POST', '/v1/orders', {
        body: '{"type":"key","meta":{"algorithm":"aes","bit_length":128}}',
        headers,
      })
      assert.equal(ordered, status === 201 ? 202 : 415)
    })
  }
})
