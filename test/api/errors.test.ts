import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const UNKNOWN = '/v1/secrets/2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
const OCTETS = { 'content-type': 'application/octet-stream' }

describe('errors, and which of two comes first', () => {
  let door: Door
  let creator: Caller
  let nobodySpecial: Caller
  let foreigner: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'errors', user: 'u', roles: ['creator'] })
    nobodySpecial = door.as({ project: 'errors', user: 'v', roles: ['nothing'] })
    foreigner = door.as({ project: 'elsewhere', user: 'w', roles: ['admin'] })
  })
  after(() => door.close())

  test('401 speaks both dialects and carries WWW-Authenticate (Q02)', async () => {
    const answer = await door.nobody.get('/v1/secrets')
    assert.equal(answer.status, 401)
    assert.match(answer.headers['www-authenticate'] ?? '', /^Keystone uri=/)
    assert.equal(answer.json['title'], 'Unauthorized')
    assert.deepEqual(answer.json['error'], {
      code: 401,
      title: 'Unauthorized',
      message: answer.json['description'],
    })
    assert.equal(answer.headers['openstack-api-version'], undefined)
    assert.ok(door.refusals.length > 0, 'the observer heard of it')
  })

  // python-barbicanclient's own tests look for these words.
  test('a 404 says in the words of the reference whether the id is unknown or is no id', async () => {
    const unknown = await creator.get(UNKNOWN)
    assert.match(String(unknown.json['description']), /Secret not found/)
    const malformed = await creator.get('/v1/secrets/notauuid/consumers')
    assert.match(String(malformed.json['description']), /Provided secret id is invalid\./)
  })

  // So do Barbican's functional tests.
  test('a payload content type that nobody knows is told with those that are', async () => {
    const answer = await creator.post('/v1/secrets', {
      payload: 'p',
      payload_content_type: 'plain-text',
    })
    assert.equal(answer.status, 400)
    const wanted =
      "Provided object does not match schema 'Secret': payload_content_type is not one of " +
      "['text/plain', 'text/plain;charset=utf-8', 'text/plain; charset=utf-8', 'application/octet-stream'"
    assert.ok(String(answer.json['description']).startsWith(wanted), answer.text)
  })

  test('the request id is ours; an inbound one is recorded and never echoed', async () => {
    const inbound = 'req-11111111-2222-4333-8444-555555555555'
    const answer = await creator.get('/v1/secrets', { 'x-openstack-request-id': inbound })
    assert.notEqual(answer.headers['x-openstack-request-id'], inbound)
    assert.equal(door.completed.at(-1)?.globalRequestId, inbound)
    await creator.get('/v1/secrets', { 'x-openstack-request-id': 'req-<script>' })
    assert.equal(door.completed.at(-1)?.globalRequestId, null)
  })

  test('the access log knows routes, never ids', async () => {
    const { path } = await secretOf(creator)
    await creator.get(path)
    assert.equal(door.completed.at(-1)?.route, '/v1/secrets/{secret_id}')
    await creator.get('/v1/nothing/at/all')
    assert.equal(door.completed.at(-1)?.route, 'unmatched')
  })

  test('401 comes before 404, 405 and 406', async () => {
    assert.equal((await door.nobody.get('/v1/nothing')).status, 401)
    assert.equal((await door.nobody.ask('PATCH', '/v1/secrets')).status, 401)
    assert.equal((await door.nobody.get('/v1/secrets', { accept: 'text/html' })).status, 401)
    assert.equal((await door.nobody.post('/v1/secrets', '{')).status, 401)
  })

  test('404 comes before 405: what is not there allows nothing', async () => {
    for (const path of [UNKNOWN, '/v1/secrets/no-id', '/v1/orders/nothing']) {
      assert.equal((await creator.ask('PATCH', path)).status, 404, path)
      assert.equal((await creator.ask('POST', path)).status, 404, path)
    }
    for (const path of [`${UNKNOWN}/payload`, `${UNKNOWN}/metadata`, `${UNKNOWN}/metadata/k`]) {
      assert.equal((await creator.ask('PATCH', path)).status, 404, path)
    }
  })

  test('404 comes before 406', async () => {
    const accept = { accept: 'text/html' }
    assert.equal((await creator.get(`${UNKNOWN}/metadata`, accept)).status, 404)
    assert.equal((await creator.get('/v1/orders/nothing', accept)).status, 404)
  })

  test('404 comes before 403 for an unknown id, 403 is what a foreign one gets', async () => {
    const { path } = await secretWithPayload(creator)
    for (const caller of [nobodySpecial, foreigner]) {
      for (const tail of ['', '/payload', '/metadata']) {
        assert.equal((await caller.get(`${UNKNOWN}${tail}`)).status, 404)
        assert.equal((await caller.get(`${path}${tail}`)).status, 403)
      }
      assert.equal((await caller.delete(UNKNOWN)).status, 404)
      assert.equal((await caller.delete(path)).status, 403)
    }
  })

  test("another project's order is 404: orders are looked up in one's own project", async () => {
    const meta = { algorithm: 'aes', bit_length: 128 }
    const { json } = await creator.post('/v1/orders', { type: 'key', meta })
    const path = new URL(String(json['order_ref'])).pathname
    assert.equal((await foreigner.get(path)).status, 404)
    assert.equal((await foreigner.delete(path)).status, 404)
    assert.equal((await nobodySpecial.get(path)).status, 403)
  })

  test('405 comes before 403', async () => {
    const { path } = await secretOf(creator)
    assert.equal((await nobodySpecial.ask('PATCH', path)).status, 405)
    assert.equal((await nobodySpecial.ask('PATCH', '/v1/secrets')).status, 405)
  })

  test('403 comes before 415, 400 and 413, and names the rule', async () => {
    const huge = 'x'.repeat(30_000)
    const { path } = await secretOf(creator)
    const refused = [
      await nobodySpecial.post('/v1/secrets', '', { 'content-type': 'text/plain' }),
      await nobodySpecial.post('/v1/secrets', '{'),
      await nobodySpecial.post('/v1/secrets', huge),
      await nobodySpecial.post('/v1/orders', '{'),
      await nobodySpecial.put('/v1/orders', '{'),
      await nobodySpecial.put(path, '', { 'content-type': 'nothing/known' }),
      await nobodySpecial.put(path, huge, OCTETS),
      await nobodySpecial.put(`${path}/metadata`, '{'),
      await nobodySpecial.post(`${path}/metadata`, '{'),
      await nobodySpecial.put(`${path}/metadata/k`, '{'),
      await nobodySpecial.get('/v1/secrets?sort=nonsense'),
      await nobodySpecial.get('/v1/secrets?created=nonsense'),
      await nobodySpecial.delete(`${path}?force=nonsense`, {
        'openstack-api-version': 'key-manager 1.2',
      }),
    ]
    for (const answer of refused) {
      assert.equal(answer.status, 403)
      assert.equal(answer.json['title'], 'Forbidden')
      assert.match(String(answer.json['description']), /^(secrets?|orders|secret_meta):\w+ refused/)
    }
  })

  test('404 comes before the 400 of a query', async () => {
    const newest = { 'openstack-api-version': 'key-manager 1.2' }
    assert.equal((await creator.delete(`${UNKNOWN}?force=nonsense`, newest)).status, 404)
  })

  test('415 comes before the body is looked at', async () => {
    const type = { 'content-type': 'text/plain' }
    assert.equal((await creator.post('/v1/secrets', 'x'.repeat(30_000), type)).status, 415)
    assert.equal((await creator.post('/v1/orders', '{', type)).status, 415)
  })

  test('a body that is too large is 413, a payload that is too large as well (Q07, Q70)', async () => {
    const padded = `{"name":"n"}${' '.repeat(25_000)}`
    assert.equal((await creator.post('/v1/secrets', padded)).status, 413)
    const payload = { payload: 'x'.repeat(20_001), payload_content_type: 'text/plain' }
    const answer = await creator.post('/v1/secrets', payload)
    assert.equal(answer.status, 413)
    assert.equal(answer.json['title'], 'Request Entity Too Large')
  })

  const malformed: readonly (readonly [string, string | Buffer])[] = [
    ['empty', ''],
    ['blank', '   '],
    ['half', '{"name":'],
    ['with a BOM', '\ufeff{}'],
    ['single-quoted', "{'name': 1}"],
    ['with a trailing comma', '{"name":"n",}'],
    ['NaN', '{"bit_length":NaN}'],
    ['UTF-16', Buffer.from('{"name":"n"}', 'utf16le')],
    ['not UTF-8', Buffer.from('{"name":"\xe9"}', 'latin1')],
    ['overlong UTF-8', Buffer.from([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x3a, 0x31, 0x7d])],
    ['an array', '[]'],
    ['a string', '"{}"'],
    ['a number', '1'],
    ['null', 'null'],
  ]
  for (const [what, body] of malformed) {
    test(`a body that is ${what} is 400 wherever JSON is wanted`, async () => {
      const { path } = await secretOf(creator)
      for (const answer of [
        await creator.post('/v1/secrets', body),
        await creator.post('/v1/orders', body),
        await creator.post(`${path}/metadata`, body),
        await creator.put(`${path}/metadata`, body),
        await creator.put(`${path}/metadata/k`, body),
      ]) {
        assert.equal(answer.status, 400)
        assert.equal(answer.json['title'], 'Bad Request')
      }
    })
  }

  test('what the body said is not repeated in the refusal of its syntax', async () => {
    const answer = await creator.post('/v1/secrets', '{"payload":"hunter2hunter2" "x"}')
    assert.equal(answer.status, 400)
    assert.ok(!answer.text.includes('hunter2'))
  })

  test('an overloaded server is 503 with Retry-After, and still healthy', async () => {
    door.mood.isOverloaded = true
    try {
      const answer = await creator.ask('GET', '/v1/secrets', { mayFail: true })
      assert.equal(answer.status, 503)
      assert.equal(answer.headers['retry-after'], '1')
      assert.equal(answer.json['title'], 'Service Unavailable')
      assert.equal((await door.nobody.get('/healthcheck')).status, 200)
    } finally {
      door.mood.isOverloaded = false
    }
  })

  test('a sealed server answers 503 to all of /v1 before it asks who is there, and lives on', async () => {
    door.mood.isSealed = true
    try {
      for (const path of [
        '/v1',
        '/v1/secrets',
        '/v1/nothing',
        '/v1/openapi.json',
        '/v1/x/payload',
      ]) {
        for (const caller of [creator, door.nobody]) {
          const answer = await caller.ask('GET', path, { mayFail: true })
          assert.equal(answer.status, 503, path)
          assert.equal(answer.headers['retry-after'], '30')
          assert.deepEqual(answer.json, {
            code: 503,
            title: 'Service Unavailable',
            description: 'This key manager is sealed: its operators have to open it first.',
          })
        }
      }
      const health = await door.nobody.ask('GET', '/healthcheck', { mayFail: true })
      assert.deepEqual([health.status, health.text], [503, 'SEALED'])
      assert.equal((await door.nobody.get('/')).status, 300)
    } finally {
      door.mood.isSealed = false
    }
    assert.equal((await creator.get('/v1/secrets')).status, 200)
  })

  test('a draining server announces that it closes the connection', async () => {
    door.mood.isDraining = true
    try {
      for (const path of ['/', '/v1/secrets', '/v1/nothing', '/healthcheck']) {
        assert.equal((await creator.get(path)).headers['connection'], 'close', path)
      }
    } finally {
      door.mood.isDraining = false
    }
    assert.equal((await creator.get('/v1/secrets')).headers['connection'], 'keep-alive')
  })

  test('an answer that cannot be written is a 500, and the observer hears why', async (t) => {
    const broken = await openDoor({
      cors: { allowedOrigins: ['https://a.example'], exposeHeaders: ['no\nheader'] },
    })
    t.after(() => broken.close())
    const headers = { origin: 'https://a.example' }
    const answer = await broken.nobody.ask('GET', '/', { headers, mayFail: true })
    assert.equal(answer.status, 500)
    assert.equal(answer.text, 'Internal Server Error')
    assert.equal(broken.failures.length, 1)
    assert.match(String(broken.failures[0]), /ERR_INVALID_CHAR|Invalid character/)
  })

  test('a KEK store that is away is 503 for who needs it, and says nothing of itself', async () => {
    const alone = door.as({ project: 'errors-kek', user: 'u', roles: ['creator'] })
    door.kekStore.mood = 'down'
    try {
      const body = JSON.stringify({ name: 'n' })
      const headers = { 'content-type': 'application/json' }
      const answer = await alone.ask('POST', '/v1/secrets', { body, headers, mayFail: true })
      assert.equal(answer.status, 503)
      assert.equal(answer.headers['retry-after'], '1')
      assert.deepEqual(Object.keys(answer.json), ['code', 'title', 'description'])
    } finally {
      door.kekStore.mood = 'well'
    }
    await secretOf(alone)
  })
})
