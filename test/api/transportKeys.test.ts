import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const KEY = { plugin_name: 'barbican.plugin.dogtag', transport_key: '-----BEGIN CERTIFICATE-----' }
const UNKNOWN = '/v1/transport_keys/11111111-1111-4111-8111-111111111111'

describe('/v1/transport_keys', () => {
  let door: Door
  let operator: Caller
  let member: Caller
  before(async () => {
    door = await openDoor()
    operator = door.as({
      project: 'cloud',
      user: 'op',
      roles: ['admin', 'key-manager:service-admin'],
    })
    member = door.as({ project: 'p', user: 'u', roles: ['creator'] })
  })
  after(() => door.close())

  const add = async (fields: object = {}) => {
    const answer = await operator.post('/v1/transport_keys', { ...KEY, ...fields })
    assert.equal(answer.status, 201, answer.text)
    return String(answer.json['transport_key_ref']).slice(BASE.length)
  }

  test('POST is 201 with the ref, GET shows the row with blanks in its times', async () => {
    door.clock.set('2026-02-03T04:05:06Z')
    const made = await operator.post('/v1/transport_keys', {
      plugin_name: '  padded ',
      transport_key: ' key\n',
      extra: 'ignored',
    })
    assert.equal(made.status, 201)
    assert.deepEqual(Object.keys(made.json), ['transport_key_ref'])
    const ref = String(made.json['transport_key_ref'])
    assert.equal(made.headers['location'], ref)
    assert.match(ref, new RegExp(`^${BASE}/v1/transport_keys/[0-9a-f-]{36}$`))
    const got = await member.get(ref.slice(BASE.length))
    assert.equal(got.status, 200)
    assert.deepEqual(got.json, {
      updated_at: '2026-02-03 04:05:06',
      id: ref.slice(-36),
      deleted_at: null,
      status: 'ACTIVE',
      transport_key: 'key',
      deleted: false,
      created_at: '2026-02-03 04:05:06',
      plugin_name: 'padded',
    })
    const second = await member.get(await add())
    assert.match(String(second.json['created_at']), /^2026-02-03 04:05:06\.\d{6}$/)
  })

  const refused: readonly (readonly [string, unknown])[] = [
    ['an empty body', ''],
    ['malformed JSON', '{'],
    ['a list', []],
    ['no key', { plugin_name: 'p' }],
    ['no plugin', { transport_key: 'k' }],
    ['a blank plugin', { ...KEY, plugin_name: ' \t' }],
    ['a blank key', { ...KEY, transport_key: '\n' }],
    ['a plugin that is a number', { ...KEY, plugin_name: 1 }],
    ['a key that is null', { ...KEY, transport_key: null }],
    ['a plugin of 256 characters', { ...KEY, plugin_name: 'p'.repeat(256) }],
    ['U+0000', { ...KEY, transport_key: 'a\0b' }],
  ]
  for (const [what, body] of refused) {
    test(`POST of ${what} is 400`, async () => {
      assert.equal((await operator.post('/v1/transport_keys', body)).status, 400)
    })
  }

  test('POST of another content type is 415, and of too much 413', async () => {
    const typed = await operator.post('/v1/transport_keys', JSON.stringify(KEY), {
      'content-type': 'text/plain',
    })
    assert.equal(typed.status, 415)
    const long = await operator.post('/v1/transport_keys', {
      ...KEY,
      transport_key: 'k'.repeat(26_000),
    })
    assert.equal(long.status, 413)
  })

  test('an unknown key is 404, and so is an id that is none (Q46)', async () => {
    const odd = [
      UNKNOWN,
      '/v1/transport_keys/nonsense',
      UNKNOWN.toUpperCase().replace('/V1/TRANSPORT_KEYS', '/v1/transport_keys'),
      '/v1/transport_keys/11111111-1111-1111-8111-111111111111',
    ]
    for (const path of odd) {
      assert.equal((await operator.get(path)).status, 404, path)
      assert.equal((await operator.delete(path)).status, 404, path)
    }
  })

  test('DELETE is 204 once, and 404 for what is gone', async () => {
    const path = await add()
    const gone = await operator.delete(path)
    assert.equal(gone.status, 204)
    assert.equal((await operator.delete(path)).status, 404)
    assert.equal((await operator.get(path)).status, 404)
  })

  test('who may: everybody reads, only the service admin adds and deletes', async () => {
    const path = await add()
    for (const role of ['creator', 'observer', 'audit', 'admin']) {
      const caller = door.as({ project: 'who', user: 'u', roles: [role] })
      assert.equal((await caller.get('/v1/transport_keys')).status, 200, role)
      assert.equal((await caller.get(path)).status, 200, role)
      assert.equal((await caller.post('/v1/transport_keys', {})).status, 403, role)
      assert.equal((await caller.delete(path)).status, 403, role)
      // Whether there is one is asked behind RBAC, whether there could be before.
      assert.equal((await caller.delete(UNKNOWN)).status, 403, role)
      assert.equal((await caller.delete('/v1/transport_keys/nonsense')).status, 404, role)
    }
    const stranger = door.as({ project: 'who', user: 'u', roles: ['passer-by'] })
    assert.equal((await stranger.get('/v1/transport_keys')).status, 403)
    assert.equal((await stranger.get(path)).status, 403)
  })

  test('Accept application/json is served by id, as by every JSON endpoint (Q23)', async () => {
    const path = await add()
    for (const accept of ['application/json', '*/*', 'text/html, application/json;q=0.1']) {
      assert.equal((await member.get(path, { accept })).status, 200, accept)
    }
    assert.equal((await member.get(path, { accept: 'text/plain' })).status, 406)
    assert.equal((await member.get('/v1/transport_keys', { accept: 'text/plain' })).status, 406)
    assert.equal((await operator.delete(path, { accept: 'application/json' })).status, 204)
  })

  test('other methods are 405 with what is possible', async () => {
    const path = await add()
    for (const method of ['POST', 'PUT', 'PATCH', 'HEAD']) {
      const answer = await operator.ask(method, path)
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers['allow'], 'DELETE, GET')
    }
    for (const method of ['PUT', 'PATCH', 'DELETE', 'HEAD']) {
      const answer = await operator.ask(method, '/v1/transport_keys')
      assert.equal(answer.status, 405, method)
      assert.equal(answer.headers['allow'], 'GET, POST')
    }
    assert.equal((await operator.get(`${path}/x`)).status, 404)
  })

  test('the list has refs by creation, pages them, filters by plugin and keeps the filter', async () => {
    const plugin = 'a+b c'
    const made: string[] = []
    for (let i = 0; i < 5; i += 1) made.push(`${BASE}${await add({ plugin_name: plugin })}`)
    await add({ plugin_name: 'another' })
    const name = encodeURIComponent(encodeURIComponent(plugin))
    const first = await member.get(`/v1/transport_keys?plugin_name=${name}&limit=2`)
    assert.deepEqual(first.json['transport_keys'], made.slice(0, 2))
    assert.equal(first.json['total'], 5)
    assert.equal(first.json['previous'], undefined)
    const second = await member.get(String(first.json['next']).slice(BASE.length))
    assert.deepEqual(second.json['transport_keys'], made.slice(2, 4))
    assert.equal(second.json['total'], 5)
    const back = await member.get(String(second.json['previous']).slice(BASE.length))
    assert.deepEqual(back.json['transport_keys'], made.slice(0, 2))
    const none = await member.get('/v1/transport_keys?plugin_name=a%25')
    assert.deepEqual(none.json, { transport_keys: [], total: 0 })
    const all = await member.get('/v1/transport_keys?limit=100')
    assert.ok(Number(all.json['total']) > 5)
  })

  describe('used by secrets', () => {
    test('a new secret that needs one is 400: no store here has any (Q47)', async () => {
      const answer = await member.post('/v1/secrets', { transport_key_needed: 'true' })
      assert.equal(answer.status, 400)
      assert.match(String(answer.json['description']), /transport_key_needed/)
    })

    test('a payload wrapped for a key is 400, be the key known or not', async () => {
      const payload = { payload: 'x', payload_content_type: 'text/plain' }
      for (const id of ['unknown', (await add()).slice(-36)]) {
        const body = { ...payload, transport_key_id: id }
        assert.equal((await member.post('/v1/secrets', body)).status, 400, id)
        const { path } = await secretOf(member)
        const put = await member.put(`${path}?transport_key_id=${id}`, 'x', {
          'content-type': 'text/plain',
        })
        assert.equal(put.status, 400, id)
        assert.equal((await member.get(`${path}/payload`)).status, 404)
      }
    })

    test('reading ignores the question, with a payload and without (Q45, Q47)', async () => {
      for (const { path } of [await secretOf(member), await secretWithPayload(member)]) {
        const answer = await member.get(`${path}?transport_key_needed=true`)
        assert.equal(answer.status, 200)
        assert.equal(answer.json['transport_key_ref'], undefined)
      }
    })

    test('a payload to be wrapped wants both parameters; then it comes in clear', async () => {
      const { path } = await secretWithPayload(member)
      const half = await member.get(`${path}/payload?trans_wrapped_session_key=x`)
      assert.equal(half.status, 400)
      assert.match(String(half.json['description']), /transport_key_id/)
      const id = (await add()).slice(-36)
      const both = `trans_wrapped_session_key=x&transport_key_id=${id}`
      assert.equal((await member.get(`${path}/payload?${both}`)).text, 'some payload')
      assert.equal((await member.get(`${path}/payload?transport_key_id=${id}`)).status, 200)
      // Policy speaks first.
      const stranger = door.as({ project: 'else', user: 'u', roles: ['creator'] })
      const refused = await stranger.get(`${path}/payload?trans_wrapped_session_key=x`)
      assert.equal(refused.status, 403)
    })
  })
})
