import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf } from '../support/doorContainers.ts'
import { orderAt, placeOrder } from '../support/doorOrders.ts'
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const EVERY_ROLE = ['admin', 'creator', 'key-manager:service-admin']
const AES = { algorithm: 'aes', bit_length: 128 }
const OCTETS = 'application/octet-stream'

/**
 * Oddities of Barbican that belong to no resource alone, or that a table of tests elsewhere does not name:
 * what is kept of each, and what is mended. The numbers are those of the list in test/docs/quirks.test.ts.
 */
describe('oddities of Barbican', () => {
  let door: Door
  let owner: Caller
  before(async () => {
    door = await openDoor({ hasSeveralStores: true })
    owner = door.as({ project: 'odd', user: 'u', roles: EVERY_ROLE })
  })
  after(() => door.close())

  const fresh = (project: string) => door.as({ project, user: 'u', roles: EVERY_ROLE })

  test('an unsorted list has one order, and no page overlaps another (Q06)', async () => {
    const lister = fresh('q06')
    for (let index = 0; index < 12; index += 1) {
      await secretOf(lister)
      await containerOf(lister)
      await placeOrder(lister, 'key', AES)
    }
    for (const collection of ['secrets', 'containers', 'orders']) {
      // As if all had come in one microsecond; lists do not look at MACs.
      const at = '2026-01-01T00:00:00.000000'
      door.execute(`update ${collection} set created_at = ? where project_id = 'q06'`, at)
      const ref = `${collection.slice(0, -1)}_ref`
      const seen: string[] = []
      for (let path = `/v1/${collection}?limit=5`; path !== ''; ) {
        const { json } = await lister.get(path)
        const items = json[collection] as readonly Readonly<Record<string, unknown>>[]
        seen.push(...items.map((item) => String(item[ref])))
        path = String(json['next'] ?? '').slice(BASE.length)
      }
      assert.equal(seen.length, collection === 'secrets' ? 24 : 12, collection)
      assert.deepEqual(seen, seen.toSorted(), `${collection} of one moment go by id`)
    }
  })

  test('POST trims payload and every text, PUT trims nothing (Q08)', async () => {
    const posted = await secretWithPayload(owner, {
      ...{ name: ' n\t', algorithm: '\naes ', mode: ' xts ', payload: '\n pass phrase \n' },
    })
    const { json } = await owner.get(posted.path)
    assert.deepEqual([json['name'], json['algorithm'], json['mode']], ['n', 'aes', 'xts'])
    assert.equal((await owner.get(`${posted.path}/payload`)).text, 'pass phrase')
    const two = await secretOf(owner)
    await owner.put(two.path, '\n pass phrase \n', { 'content-type': 'text/plain' })
    assert.equal((await owner.get(`${two.path}/payload`)).text, '\n pass phrase \n')
  })

  test('PUT of base64 whose padding is broken is 400, and leaves the secret without payload (Q14)', async () => {
    const { path } = await secretOf(owner)
    const headers = { 'content-type': OCTETS, 'content-encoding': 'base64' }
    for (const broken of ['AAE', '====', 'A']) {
      assert.equal((await owner.put(path, broken, headers)).status, 400, broken)
    }
    assert.equal((await owner.get(`${path}/payload`)).status, 404)
    assert.equal((await owner.put(path, 'AAEC', headers)).status, 204)
  })

  test('a date filter counts the zone of its times (Q15)', async () => {
    const lister = fresh('q15')
    door.clock.set('2026-05-05T12:00:00Z')
    await secretOf(lister)
    const total = async (filter: string): Promise<unknown> =>
      (await lister.get(`/v1/secrets?created=${encodeURIComponent(filter)}`)).json['total']
    assert.equal(await total('gte:2026-05-05T14:00:00+02:00'), 1)
    assert.equal(await total('gt:2026-05-05T14:30:00+02:00'), 0)
    assert.equal(await total('lte:2026-05-05T10:00:00-02:30'), 1)
    assert.equal(await total('lt:2026-05-05T09:00:00-02:30'), 0)
  })

  test('of a repeated parameter the last value counts, in every list (Q20)', async () => {
    const { path } = await secretOf(owner)
    const container = await containerOf(owner)
    for (const list of [
      ...['/v1/secrets', '/v1/containers', '/v1/orders', '/v1/transport_keys'],
      ...['/v1/project-quotas', `${path}/consumers`, `${container.path}/consumers`],
    ]) {
      const { status, json } = await owner.get(`${list}?limit=1&limit=2&offset=5&offset=0&x=1&x=2`)
      assert.equal(status, 200, list)
      assert.equal(json['previous'], undefined, list)
    }
    const lister = fresh('q20')
    for (const name of ['a', 'b', 'c']) await secretOf(lister, { name })
    const { json } = await lister.get('/v1/secrets?limit=1&name=a&limit=2&name=%25')
    assert.equal((json['secrets'] as unknown[]).length, 2)
    assert.equal(json['total'], 3)
  })

  test('a suffix is part of the name: .json and .txt are 404 (Q25)', async () => {
    const { path } = await secretWithPayload(owner)
    const container = await containerOf(owner)
    await owner.put(`${path}/metadata`, { metadata: { k: 'v' } })
    for (const plain of [
      ...['/v1/secrets', '/v1/containers', '/v1/orders', '/v1/quotas', '/v1/project-quotas'],
      ...['/v1/secret-stores', '/v1/transport_keys', path, `${path}/payload`, `${path}/acl`],
      ...[`${path}/metadata`, `${path}/metadata/k`, `${path}/consumers`, container.path],
      ...[`${container.path}/acl`, `${container.path}/consumers`],
    ]) {
      assert.equal((await owner.get(plain)).status, 200, plain)
      for (const suffix of ['.json', '.txt', '.xml']) {
        assert.equal((await owner.get(plain + suffix)).status, 404, plain + suffix)
      }
    }
  })

  test('a 204 announces no body: the next request on the connection is read (Q26)', async () => {
    const { path } = await secretOf(owner)
    await owner.put(`${path}/metadata`, { metadata: { k: 'v' } })
    const stores = (await owner.get('/v1/secret-stores')).json['secret_stores']
    const [store] = stores as { secret_store_ref: string }[]
    const preferred = `${store?.secret_store_ref.slice(BASE.length)}/preferred`
    for (const [method, where, body] of [
      ['DELETE', `${path}/metadata/k`, undefined],
      ['PUT', '/v1/project-quotas/q26', { project_quotas: { cas: 1 } }],
      ['DELETE', '/v1/project-quotas/q26', undefined],
      ['POST', preferred, undefined],
      ['DELETE', preferred, undefined],
    ] as const) {
      const headers = { 'content-type': 'application/json' }
      const answer = await owner.ask(method, where, body === undefined ? {} : { body, headers })
      assert.equal(answer.status, 204, `${method} ${where}`)
      assert.equal(answer.headers['content-length'], undefined, `${method} ${where}`)
      assert.equal(answer.headers['transfer-encoding'], undefined, `${method} ${where}`)
      assert.equal((await owner.get(path)).status, 200)
    }
  })

  test('links of every list keep what was asked, and lead through it and back (Q29)', async () => {
    const lister = fresh('q29')
    const secret = await secretOf(lister, { name: 'a b' })
    const container = await containerOf(lister, { name: 'c d' })
    await placeOrder(lister, 'key', { ...AES, name: 'made' })
    for (let more = 0; more < 2; more += 1) {
      await secretOf(lister, { name: 'a b' })
      await containerOf(lister, { name: 'c d' })
      await placeOrder(lister, 'key', { ...AES, name: 'made' })
    }
    for (const it of ['1', '2', '3']) {
      await lister.post('/v1/transport_keys', { plugin_name: 'p q', transport_key: it })
      await lister.put(`/v1/project-quotas/q29-${it}`, { project_quotas: {} })
      const consumer = { service: 's', resource_type: 't', resource_id: it }
      await lister.post(`${secret.path}/consumers`, consumer)
      await lister.post(`${container.path}/consumers`, { name: 'n', URL: it })
    }
    for (const [list, filter] of [
      ['/v1/secrets', 'name=a%2520b&sort=created%3Adesc'],
      ['/v1/containers', 'name=c+d&type=generic'],
      ['/v1/orders', 'meta=%22made%22'],
      ['/v1/transport_keys', 'plugin_name=p%2520q'],
      ['/v1/project-quotas', 'any=thing'],
      [`${secret.path}/consumers`, 'any=thing'],
      [`${container.path}/consumers`, 'any=thing'],
    ] as const) {
      const pages = []
      let path = `${list}?${filter}&limit=1`
      while (path !== '') {
        const { json } = await lister.get(path)
        pages.push(json)
        path = String(json['next'] ?? '').slice(BASE.length)
      }
      const link = (offset: number) => `${BASE}${list}?limit=1&offset=${offset}&${filter}`
      assert.deepEqual(
        pages.map(({ previous, next, total }) => [previous, next, total]),
        [
          [undefined, link(1), 3],
          [link(0), link(2), 3],
          [link(1), undefined, 3],
        ],
        list,
      )
    }
  })

  test('times that overflow, half a surrogate pair and endless quotas are 400 (Q28)', async () => {
    for (const body of [
      { expiration: '9999-12-31T23:59:59-14:00' },
      { expiration: '0001-01-01T00:00:00+14:00' },
      { payload: 'a\ud800b', payload_content_type: 'text/plain' },
      { name: '\udfff' },
    ]) {
      assert.equal((await owner.post('/v1/secrets', body)).status, 400, JSON.stringify(body))
    }
    for (const many of ['2147483648', '-2147483649', '9223372036854775808', '1e30', '1e400']) {
      const body = `{"project_quotas": {"secrets": ${many}}}`
      assert.equal((await owner.put('/v1/project-quotas/q28', body)).status, 400, many)
    }
    assert.equal((await owner.get('/v1/project-quotas/q28')).status, 404)
  })

  test('no spelling of 3DES makes a key: the order is in ERROR (Q40)', async () => {
    for (const algorithm of ['3des', '3DES', 'desede', 'DESede']) {
      const path = await placeOrder(owner, 'key', { algorithm, bit_length: 192 })
      const order = await orderAt(owner, path)
      assert.equal(order['status'], 'ERROR', algorithm)
      assert.equal(order['secret_ref'], undefined)
    }
  })

  test('per cent and underscore are wildcards in names, in any case, and nothing escapes them (Q54)', async () => {
    const lister = fresh('q54')
    for (const name of ['Disk_1', 'disk-1', 'DISK%1']) {
      await secretOf(lister, { name, algorithm: name, mode: name })
      await containerOf(lister, { name })
    }
    for (const [pattern, total] of [
      ['disk_1', 3],
      ['%k%', 3],
      ['disk%', 3],
      ['disk-1', 1],
      ['disk\\_1', 0],
      ['disk', 0],
    ] as const) {
      // Secrets unquote once more than HTTP does.
      const twice = encodeURIComponent(encodeURIComponent(pattern))
      for (const query of [`name=${twice}`, `alg=${twice}`, `mode=${twice}`]) {
        assert.equal((await lister.get(`/v1/secrets?${query}`)).json['total'], total, query)
      }
      const query = `name=${encodeURIComponent(pattern)}`
      assert.equal((await lister.get(`/v1/containers?${query}`)).json['total'], total, query)
    }
  })

  test('a secret without payload is ACTIVE; that content_types is absent is the only sign (Q61)', async () => {
    const { path } = await secretOf(owner)
    const empty = (await owner.get(path)).json
    assert.equal(empty['status'], 'ACTIVE')
    assert.ok(!('content_types' in empty))
    await owner.put(path, 'x', { 'content-type': 'text/plain' })
    const filled = (await owner.get(path)).json
    assert.equal(filled['status'], 'ACTIVE')
    assert.deepEqual(
      Object.keys(filled).filter((key) => !(key in empty)),
      ['content_types'],
    )
  })

  test('none of this was an alarm or a failure', () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
  })
})
