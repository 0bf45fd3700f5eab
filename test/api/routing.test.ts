import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf } from '../support/doorContainers.ts'
import { secretOf } from '../support/doorSecrets.ts'

const UNKNOWN = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
const KEY_ORDER = { type: 'key', meta: { algorithm: 'aes', bit_length: 256 } }

describe('paths and methods', () => {
  let door: Door
  let admin: Caller
  let id: string
  let order: string
  let container: string
  let consumer: string
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'routing', user: 'u', roles: ['admin'] })
    id = (await secretOf(admin, { payload: 'p', payload_content_type: 'text/plain' })).id
    await admin.put(`/v1/secrets/${id}/metadata`, { metadata: { k: 'v' } })
    const placed = await admin.post('/v1/orders', KEY_ORDER)
    order = String(placed.json['order_ref']).slice(-36)
    container = (await containerOf(admin)).id
    await admin.post(`/v1/containers/${container}/consumers`, { name: 'n', URL: 'u' })
    consumer = String(door.execute('select id from container_consumers')[0]?.['id'])
  })
  after(() => door.close())

  const filled = (path: string): string =>
    path
      .replace('{id}', id)
      .replace('{order}', order)
      .replace('{container}', container)
      .replace('{consumer}', consumer)

  const spellings = [
    ['/v1/secrets', '/v1/secrets/', '//v1/secrets', '/v1//secrets//', '///v1///secrets///'],
    ['/v1/secrets/{id}', '/v1/secrets/{id}/', '//v1/secrets//{id}', '/v1/secrets/{id}//'],
    ['/v1/secrets/{id}/payload', '/v1/secrets/{id}/payload/', '//v1//secrets/{id}//payload'],
    ['/v1/secrets/{id}/metadata', '/v1/secrets/{id}/metadata/', '//v1/secrets/{id}/metadata'],
    ['/v1/secrets/{id}/metadata/k', '/v1/secrets/{id}/metadata/k/', '/v1/secrets/{id}//metadata/k'],
    ['/v1/orders', '/v1/orders/', '//v1/orders/', '/v1/orders//?limit=5'],
    ['/v1/orders/{order}', '/v1/orders/{order}/', '//v1/orders/{order}'],
    ['/v1/containers', '/v1/containers/', '//v1/containers/', '/v1//containers//?limit=5'],
    ['/v1/containers/{container}', '/v1/containers/{container}/', '//v1//containers/{container}'],
    [
      '/v1/containers/{container}/consumers',
      '/v1/containers/{container}/consumers/',
      '//v1/containers/{container}//consumers//',
    ],
    [
      '/v1/containers/{container}/consumers/{consumer}',
      '//v1/containers/{container}/consumers/{consumer}/',
    ],
  ] as const
  for (const [plain, ...others] of spellings) {
    for (const other of others) {
      test(`${other} answers as ${plain} does`, async () => {
        const [expected, answer] = [await admin.get(filled(plain)), await admin.get(filled(other))]
        assert.equal(expected.status, 200)
        assert.equal(answer.status, 200)
        assert.equal(answer.text, expected.text)
      })
    }
  }

  for (const path of ['/v1/secrets/', '//v1/secrets/', '/v1/orders/', '//v1/orders/']) {
    test(`POST ${path} is answered there and then, with refs that end in the bare id`, async () => {
      const isOrder = path.includes('orders')
      const answer = await admin.post(path, isOrder ? KEY_ORDER : { name: 'n' })
      assert.equal(answer.status, isOrder ? 202 : 201)
      const ref = String(answer.json[isOrder ? 'order_ref' : 'secret_ref'])
      const collection = isOrder ? 'orders' : 'secrets'
      assert.match(ref, new RegExp(`^${BASE}/v1/${collection}/[0-9a-f-]{36}$`))
      assert.equal(answer.headers['location'], ref)
    })
  }

  for (const path of [
    '/v1/nothing',
    '/v1/secrets/{id}/nothing',
    '/v1/secrets/{id}/payload/x',
    '/v1/secrets/{id}/metadata/k/x',
    '/v1/orders/{order}/x',
    '/v1/containers/{container}/x',
    '/v1/containers/{container}/secrets/x',
    '/v1/containers/{container}/consumers/{consumer}/x',
    '/v1/containers.json',
    '/v1/containers/{container}.json',
    '/v1/consumers/{container}/consumers',
    '/v1/Containers/{container}',
    '/v1/Secrets',
    '/v1/SECRETS/{id}',
    '/v1/secrets/{id}/PAYLOAD',
    '/v1/secrets.json',
    '/v1/orders.json',
    '/v1/secrets/{id}.json',
    '/v1/secrets/{id}.txt',
    '/v1/v1/secrets',
    '/v1/secrets/{id}/payload;x=1',
  ]) {
    test(`GET ${path} is 404`, async () => {
      const answer = await admin.get(filled(path))
      assert.equal(answer.status, 404)
      assert.equal((await door.nobody.get(filled(path))).status, 401)
    })
  }

  for (const [what, wrong] of [
    ['upper case', (it: string) => it.toUpperCase()],
    ['no dashes', (it: string) => it.replaceAll('-', '')],
    ['a blank after', (it: string) => `${it}%20`],
    ['version 1', () => '2f3c7a9e-5a0d-1b8e-9d0a-0c1d2e3f4a5b'],
    ['all zeros', () => '00000000-0000-0000-0000-000000000000'],
    ['braces', (it: string) => `%7B${it}%7D`],
    ['not a UUID', () => 'x'],
    ['an id of nothing', () => UNKNOWN],
  ] as const) {
    test(`an id with ${what} is 404 for every method there is`, async () => {
      const path = `/v1/secrets/${wrong(id)}`
      assert.equal((await admin.get(path)).status, 404)
      assert.equal((await admin.get(`${path}/payload`)).status, 404)
      assert.equal((await admin.get(`${path}/metadata`)).status, 404)
      assert.equal((await admin.get(`${path}/metadata/k`)).status, 404)
      assert.equal((await admin.delete(path)).status, 404)
      assert.equal((await admin.put(path, 'x', { 'content-type': 'text/plain' })).status, 404)
    })
  }

  const allowed = [
    ['/v1/secrets', 'GET, POST', ['PUT', 'PATCH', 'DELETE', 'HEAD', 'TRACE', 'PROPFIND']],
    ['/v1/secrets/{id}', 'DELETE, GET, PUT', ['POST', 'PATCH', 'HEAD', 'TRACE']],
    ['/v1/secrets/{id}/payload', 'GET', ['POST', 'PUT', 'DELETE', 'PATCH', 'HEAD']],
    ['/v1/secrets/{id}/metadata', 'GET, POST, PUT', ['DELETE', 'PATCH', 'HEAD']],
    ['/v1/secrets/{id}/metadata/k', 'DELETE, GET, PUT', ['POST', 'PATCH', 'HEAD']],
    ['/v1/orders', 'GET, POST, PUT', ['DELETE', 'PATCH', 'HEAD']],
    ['/v1/containers', 'GET, POST', ['PUT', 'PATCH', 'DELETE', 'HEAD']],
    ['/v1/containers/{container}', 'DELETE, GET', ['POST', 'PUT', 'PATCH', 'HEAD']],
    ['/v1/containers/{container}/secrets', 'DELETE, POST', ['GET', 'PUT', 'PATCH', 'HEAD']],
    ['/v1/containers/{container}/consumers', 'DELETE, GET, POST', ['PUT', 'PATCH', 'HEAD']],
    [
      '/v1/containers/{container}/consumers/{consumer}',
      'GET',
      ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'],
    ],
    ['/v1/orders/{order}', 'DELETE, GET', ['POST', 'PUT', 'PATCH', 'HEAD']],
  ] as const
  for (const [path, allow, methods] of allowed) {
    for (const method of methods) {
      test(`${method} ${path} is 405 with Allow: ${allow}`, async () => {
        const answer = await admin.ask(method, filled(path))
        assert.equal(answer.status, 405)
        assert.equal(answer.headers['allow'], allow)
        if (method === 'HEAD') assert.equal(answer.bytes.length, 0)
        assert.equal((await door.nobody.ask(method, filled(path))).status, 401)
      })
    }
  }

  test('nothing overrides a method', async () => {
    const path = `/v1/secrets/${id}`
    const headers = { 'x-http-method-override': 'DELETE', 'x-http-method': 'DELETE' }
    assert.equal((await admin.get(`${path}?_method=DELETE`, headers)).status, 200)
    assert.equal((await admin.ask('POST', `${path}?_method=DELETE`, { headers })).status, 405)
    assert.equal((await admin.get(path)).status, 200)
  })

  for (const query of [
    'external_project_id=x',
    'project_id=x',
    'inst=x',
    'anything=1&a',
    'limit',
  ]) {
    test(`?${query} changes nothing (Q19)`, async () => {
      for (const path of [
        ...['/v1/secrets', '/v1/orders', '/v1/secrets/{id}', '/v1/orders/{order}'],
        ...['/v1/containers', '/v1/containers/{container}'],
        '/v1/containers/{container}/consumers',
      ]) {
        assert.equal((await admin.get(`${filled(path)}?${query}`)).status, 200)
      }
    })
  }

  test('external_project_id, project_id and inst in a body change nothing (Q19)', async () => {
    const made = await secretOf(admin, {
      external_project_id: 'other',
      project_id: 'other',
      creator_id: 'other',
      status: 'ERROR',
      inst: 'x',
    })
    const { json } = await admin.get(made.path)
    assert.equal(json['creator_id'], 'u')
    assert.equal(json['status'], 'ACTIVE')
    const other = door.as({ project: 'other', user: 'other', roles: ['admin'] })
    assert.equal((await other.get(made.path)).status, 403)
  })
})
