import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'

/** What Barbican once had and has no more answers as it does there (contract 11). */
describe('what was removed', () => {
  let door: Door
  let admin: Caller
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'p', user: 'u', roles: ['admin', 'key-manager:service-admin'] })
  })
  after(() => door.close())

  const CAS = ['/v1/cas', '/v1/cas/', '/v1/cas/all', '/v1/cas/x/add-to-project', '/v1/cas/x/y/z']
  for (const path of CAS) {
    test(`${path} is 404 whatever the method`, async () => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']) {
        const answer = await admin.ask(method, path)
        assert.equal(answer.status, 404, method)
        if (method !== 'HEAD') assert.equal(answer.json['title'], 'Not Found')
      }
    })
  }

  test('an order of type certificate is 400', async () => {
    for (const type of ['certificate', 'CERTIFICATE']) {
      const answer = await admin.post('/v1/orders', { type, meta: { request_type: 'custom' } })
      assert.equal(answer.status, 400)
      assert.match(String(answer.json['description']), /^Property type is not valid/)
    }
  })

  test('PUT /v1/orders is 405 with a text', async () => {
    const answer = await admin.put('/v1/orders', { type: 'certificate', meta: {} })
    assert.equal(answer.status, 405)
    assert.notEqual(answer.json['description'], '')
  })

  test('paths that begin with a project id are 404', async () => {
    for (const project of ['p', '0123456789abcdef0123456789abcdef', '12345']) {
      for (const rest of ['secrets', 'orders', 'containers', 'secrets/x/payload']) {
        assert.equal((await admin.get(`/v1/${project}/${rest}`)).status, 404, rest)
        assert.equal((await admin.post(`/v1/${project}/${rest}`, {})).status, 404, rest)
      }
    }
  })

  test('other versions are 404 from the list of versions, which asks for no token', async () => {
    for (const path of ['/v2', '/v2/', '/v1.0', '/v2/secrets', '/v1.0/secrets']) {
      assert.equal((await admin.get(path)).status, 404, path)
      assert.equal((await door.nobody.get(path)).status, 404, path)
    }
  })

  test('a container of type dsa is 400', async () => {
    const answer = await admin.post('/v1/containers', { type: 'dsa', secret_refs: [] })
    assert.equal(answer.status, 400)
    assert.match(String(answer.json['description']), /^Property type is not valid/)
  })

  test('a payload of type application/pkix-cert is 400', async () => {
    const answer = await admin.post('/v1/secrets', {
      payload: 'AAAA',
      payload_content_type: 'application/pkix-cert',
      payload_content_encoding: 'base64',
    })
    assert.equal(answer.status, 400)
    assert.match(String(answer.json['description']), /payload_content_type/)
  })

  test('the quota of certificate authorities is still shown and set, and limits nothing', async () => {
    const quotas = { project_quotas: { cas: 0 } }
    assert.equal((await admin.put('/v1/project-quotas/p', quotas)).status, 204)
    const shown = (await admin.get('/v1/quotas')).json['quotas'] as Record<string, number>
    assert.equal(shown['cas'], 0)
    assert.equal((await admin.get('/v1/cas')).status, 404)
  })
})
