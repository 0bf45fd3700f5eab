import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { orderPair } from '../support/doorOrders.ts'
import { secretOf } from '../support/doorSecrets.ts'

const KEYS = ['secrets', 'orders', 'containers', 'consumers', 'cas']
const NONE_SET = { secrets: null, orders: null, containers: null, consumers: null, cas: null }
const ORDER = { type: 'key', meta: { algorithm: 'aes', bit_length: 256 } }

describe('/v1/quotas and /v1/project-quotas', () => {
  let door: Door
  let operator: Caller
  before(async () => {
    door = await openDoor({ quotas: { secrets: 500, cas: 7 } })
    operator = door.as({
      project: 'cloud',
      user: 'op',
      roles: ['admin', 'key-manager:service-admin'],
    })
  })
  after(() => door.close())

  const put = (project: string, quotas: unknown) =>
    operator.put(`/v1/project-quotas/${project}`, { project_quotas: quotas })

  test('GET /v1/quotas shows the configured defaults, five keys in their order', async () => {
    const answer = await operator.get('/v1/quotas')
    assert.equal(answer.status, 200)
    assert.equal(
      answer.text,
      '{"quotas":{"secrets":500,"orders":-1,"containers":-1,"consumers":-1,"cas":7}}',
    )
  })

  test('what is set for the project of the token counts instead, key by key', async () => {
    const member = door.as({ project: 'mixed', user: 'u', roles: ['observer'] })
    await put('mixed', { secrets: 3, consumers: 0, orders: -5 })
    assert.deepEqual((await member.get('/v1/quotas')).json, {
      quotas: { secrets: 3, orders: -5, containers: -1, consumers: 0, cas: 7 },
    })
  })

  test('GET of a project nothing was set for is 404, whether it exists or not', async () => {
    assert.equal((await operator.get('/v1/project-quotas/nobody')).status, 404)
    assert.equal((await operator.get('/v1/project-quotas/cloud')).status, 404)
  })

  test('PUT is a bare 204, and GET shows what is set, null for the rest, in order', async () => {
    const answer = await put('p1', { containers: 4, secrets: 2 })
    assert.equal(answer.status, 204)
    assert.equal(answer.headers['content-length'], undefined)
    const got = await operator.get('/v1/project-quotas/p1')
    assert.equal(
      got.text,
      '{"project_quotas":{"secrets":2,"orders":null,"containers":4,"consumers":null,"cas":null}}',
    )
  })

  test('PUT overwrites what is given and keeps what is not', async () => {
    await put('p2', { secrets: 1, orders: 2, cas: 3 })
    await put('p2', { orders: 20 })
    const { project_quotas: set } = (await operator.get('/v1/project-quotas/p2')).json
    assert.deepEqual(set, { ...NONE_SET, secrets: 1, orders: 20, cas: 3 })
  })

  test('PUT of {} makes a row with nothing set', async () => {
    assert.equal((await put('p3', {})).status, 204)
    const { project_quotas: set } = (await operator.get('/v1/project-quotas/p3')).json
    assert.deepEqual(set, NONE_SET)
  })

  test('whole numbers in other clothes are whole numbers', async () => {
    const body = '{"project_quotas":{"secrets":2.0,"orders":1e2,"containers":-0}}'
    const answer = await operator.put('/v1/project-quotas/p4', body)
    assert.equal(answer.status, 204)
    const got = await operator.get('/v1/project-quotas/p4')
    assert.match(got.text, /"secrets":2,"orders":100,"containers":0,/)
  })

  const refused: readonly (readonly [string, unknown])[] = [
    ['an empty body', ''],
    ['malformed JSON', '{"project_quotas":'],
    ['an array', []],
    ['no project_quotas', {}],
    ['quotas that are null', { project_quotas: null }],
    ['a list of quotas', { project_quotas: [] }],
    ['a second key at the top', { project_quotas: {}, more: 1 }],
    ['an unknown resource', { project_quotas: { secrets: 1, volumes: 1 } }],
    ['a boolean', { project_quotas: { secrets: true } }],
    ['a string', { project_quotas: { secrets: '5' } }],
    ['null, which cannot unset', { project_quotas: { secrets: null } }],
    ['a fraction', { project_quotas: { secrets: 1.5 } }],
    ['2^31', { project_quotas: { secrets: 2 ** 31 } }],
    ['-2^31 - 1', { project_quotas: { orders: -(2 ** 31) - 1 } }],
    ['2^63', '{"project_quotas":{"containers":9223372036854775808}}'],
    ['1e400', '{"project_quotas":{"consumers":1e400}}'],
  ]
  for (const [what, body] of refused) {
    test(`PUT of ${what} is 400 and sets nothing`, async () => {
      assert.equal((await operator.put('/v1/project-quotas/refused', body)).status, 400)
      assert.equal((await operator.get('/v1/project-quotas/refused')).status, 404)
    })
  }

  test('a refusal names the property', async () => {
    const answer = await put('refused', { orders: 'many' })
    assert.match(String(answer.json['description']), /project_quotas\.orders/)
  })

  test('the largest and the smallest number are kept', async () => {
    await put('edges', { secrets: 2 ** 31 - 1, orders: -(2 ** 31) })
    const { project_quotas: set } = (await operator.get('/v1/project-quotas/edges')).json
    assert.deepEqual(set, { ...NONE_SET, secrets: 2 ** 31 - 1, orders: -(2 ** 31) })
  })

  test('PUT of another content type is 415', async () => {
    const answer = await operator.put('/v1/project-quotas/p', '{"project_quotas":{}}', {
      'content-type': 'text/plain',
    })
    assert.equal(answer.status, 415)
  })

  test('a project id is any text, up to the 255 characters that ids have', async () => {
    const strange = encodeURIComponent('Ümlaut / with "quotes" & %41')
    await put(strange, { secrets: 6 })
    const got = await operator.get(`/v1/project-quotas/${strange}`)
    assert.deepEqual(got.json['project_quotas'], { ...NONE_SET, secrets: 6 })
    assert.equal((await put('i'.repeat(255), {})).status, 204)
    assert.equal((await put('i'.repeat(256), {})).status, 400)
    assert.equal((await put('nul%00', {})).status, 400)
    assert.equal((await operator.delete(`/v1/project-quotas/${strange}`)).status, 204)
    assert.equal((await operator.delete(`/v1/project-quotas/${'i'.repeat(255)}`)).status, 204)
  })

  test('DELETE is 204 once and 404 from then on; the defaults count again', async () => {
    await put('p5', { secrets: 1 })
    const gone = await operator.delete('/v1/project-quotas/p5', { accept: 'text/plain' })
    assert.equal(gone.status, 204)
    assert.equal(gone.headers['content-length'], undefined)
    assert.equal((await operator.delete('/v1/project-quotas/p5')).status, 404)
    const member = door.as({ project: 'p5', user: 'u', roles: ['creator'] })
    const { quotas } = (await member.get('/v1/quotas')).json
    assert.equal((quotas as Record<string, number>)['secrets'], 500)
  })

  test('who may: everybody reads their own, only the service admin the others', async () => {
    for (const role of ['creator', 'observer', 'audit', 'admin']) {
      const caller = door.as({ project: 'who', user: 'u', roles: [role] })
      assert.equal((await caller.get('/v1/quotas')).status, 200, role)
      assert.equal((await caller.get('/v1/project-quotas')).status, 403, role)
      assert.equal((await caller.get('/v1/project-quotas/p1')).status, 403, role)
      // RBAC speaks before the body and before what is not there.
      assert.equal((await caller.put('/v1/project-quotas/p1', 'x')).status, 403, role)
      assert.equal((await caller.delete('/v1/project-quotas/nobody')).status, 403, role)
    }
    const stranger = door.as({ project: 'who', user: 'u', roles: ['passer-by'] })
    assert.equal((await stranger.get('/v1/quotas')).status, 403)
  })

  test('other methods are 405 with what is possible', async () => {
    const allowed = [
      ['/v1/quotas', 'GET', ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']],
      ['/v1/project-quotas', 'GET', ['POST', 'PUT', 'PATCH', 'DELETE', 'HEAD']],
      ['/v1/project-quotas/p1', 'DELETE, GET, PUT', ['POST', 'PATCH', 'HEAD']],
    ] as const
    for (const [path, allow, methods] of allowed) {
      for (const method of methods) {
        const answer = await operator.ask(method, path)
        assert.equal(answer.status, 405, `${method} ${path}`)
        assert.equal(answer.headers['allow'], allow)
      }
    }
  })

  test('an Accept without JSON is 406 before anything is changed', async () => {
    const plain = { accept: 'text/plain' }
    for (const path of ['/v1/quotas', '/v1/project-quotas', '/v1/project-quotas/p1']) {
      assert.equal((await operator.get(path, plain)).status, 406, path)
    }
    const answer = await operator.put('/v1/project-quotas/p6', { project_quotas: {} }, plain)
    assert.equal(answer.status, 406)
    assert.equal((await operator.get('/v1/project-quotas/p6')).status, 404)
  })

  test('below a leaf there is nothing', async () => {
    for (const path of ['/v1/quotas/x', '/v1/project-quotas/p1/x', '/v1/project_quotas']) {
      assert.equal((await operator.get(path)).status, 404, path)
    }
  })
})

describe('the list of project quotas', () => {
  let door: Door
  let operator: Caller
  before(async () => {
    door = await openDoor()
    operator = door.as({ project: 'cloud', user: 'op', roles: ['key-manager:service-admin'] })
    for (let i = 0; i < 12; i += 1) {
      // Names against the order in which they are set.
      const project = `project-${String(99 - i)}`
      await operator.put(`/v1/project-quotas/${project}`, { project_quotas: { secrets: i } })
    }
  })
  after(() => door.close())

  const ids = (answer: DoorAnswer) =>
    (answer.json['project_quotas'] as readonly { project_id: string }[]).map((it) => it.project_id)

  test('an item is a project and its five quotas', async () => {
    const answer = await operator.get('/v1/project-quotas?limit=1')
    assert.deepEqual(Object.keys(answer.json), ['project_quotas', 'next', 'total'])
    assert.deepEqual(answer.json['project_quotas'], [
      { project_id: 'project-99', project_quotas: { ...NONE_SET, secrets: 0 } },
    ])
    assert.deepEqual(
      Object.keys(
        (answer.json['project_quotas'] as { project_quotas: object }[])[0]?.project_quotas ?? {},
      ),
      KEYS,
    )
  })

  test('by creation, ten at a time, and the links lead to the other pages (Q30)', async () => {
    const first = await operator.get('/v1/project-quotas?unknown=kept')
    assert.equal(first.json['total'], 12)
    assert.equal(ids(first).length, 10)
    assert.equal(ids(first)[0], 'project-99')
    const next = String(first.json['next'])
    assert.equal(next, `${BASE}/v1/project-quotas?limit=10&offset=10&unknown=kept`)
    const second = await operator.get(next.slice(BASE.length))
    assert.deepEqual(ids(second), ['project-89', 'project-88'])
    assert.equal(second.json['next'], undefined)
    const back = await operator.get(String(second.json['previous']).slice(BASE.length))
    assert.deepEqual(ids(back), ids(first))
  })

  test('a page beyond the end is empty and still says where the previous one is', async () => {
    const answer = await operator.get('/v1/project-quotas?limit=5&offset=50')
    assert.deepEqual(answer.json, {
      project_quotas: [],
      previous: `${BASE}/v1/project-quotas?limit=5&offset=45`,
      total: 12,
    })
  })

  test('a later PUT moves nobody', async () => {
    await operator.put('/v1/project-quotas/project-99', { project_quotas: { orders: 1 } })
    assert.equal(ids(await operator.get('/v1/project-quotas?limit=1'))[0], 'project-99')
  })
})

describe('quotas in force', () => {
  let door: Door
  let operator: Caller
  before(async () => {
    door = await openDoor({ quotas: { secrets: 10, orders: 10 } })
    operator = door.as({ project: 'cloud', user: 'op', roles: ['key-manager:service-admin'] })
  })
  after(() => door.close())

  let projects = 0
  const freshProject = () => {
    projects += 1
    const project = `project-${projects}`
    return { project, creator: door.as({ project, user: 'u', roles: ['creator', 'admin'] }) }
  }
  const set = (project: string, quotas: object) =>
    operator.put(`/v1/project-quotas/${project}`, { project_quotas: quotas })
  const statuses = (answers: readonly DoorAnswer[], status: number) =>
    answers.filter((answer) => answer.status === status).length

  test('fifty secrets at once under a configured quota of 10: exactly 10 come in (Q05)', async () => {
    const { creator } = freshProject()
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => creator.post('/v1/secrets', { name: 'many' })),
    )
    assert.equal(statuses(answers, 201), 10)
    assert.equal(statuses(answers, 403), 40)
    assert.equal((await creator.get('/v1/secrets?limit=1')).json['total'], 10)
  })

  test('fifty orders at once under a quota of 10 of the project: exactly 10 come in', async () => {
    const { project, creator } = freshProject()
    await set(project, { orders: 10, secrets: -1 })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => creator.post('/v1/orders', ORDER)),
    )
    assert.equal(statuses(answers, 202), 10)
    assert.equal(statuses(answers, 403), 40)
    assert.equal((await creator.get('/v1/orders?limit=1')).json['total'], 10)
    // What a refused order would have made is not there either.
    assert.equal((await creator.get('/v1/secrets?limit=1')).json['total'], 10)
  })

  test('the refusal is 403, names the resource and the limit', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 0, orders: 0 })
    const secret = await creator.post('/v1/secrets', {})
    assert.equal(secret.status, 403)
    assert.equal(secret.json['title'], 'Forbidden')
    assert.match(String(secret.json['description']), /^Quota reached for secrets: .* have 0;/)
    const order = await creator.post('/v1/orders', ORDER)
    assert.equal(order.status, 403)
    assert.match(String(order.json['description']), /^Quota reached for orders: .* have 0;/)
  })

  test('0 allows none, any negative number allows all', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 0 })
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    await set(project, { secrets: -17 })
    for (let i = 0; i < 12; i += 1) await secretOf(creator)
  })

  test('what the project has set counts instead of the default, upwards and downwards', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 12 })
    for (let i = 0; i < 12; i += 1) await secretOf(creator)
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    // Below what is there already: nothing goes, nothing comes.
    await set(project, { secrets: 2 })
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    assert.equal((await creator.get('/v1/secrets?limit=1')).json['total'], 12)
    await operator.delete(`/v1/project-quotas/${project}`)
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    await set(project, { secrets: 13 })
    await secretOf(creator)
  })

  test('a quota set for something else leaves the default in force', async () => {
    const { project, creator } = freshProject()
    await set(project, { containers: 1 })
    for (let i = 0; i < 10; i += 1) await secretOf(creator)
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
  })

  test('deleting makes room at once, and expiring does', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 1 })
    const first = await secretOf(creator)
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    await creator.delete(first.path)
    door.clock.set('2026-03-01T00:00:00Z')
    await secretOf(creator, { expiration: '2026-03-01T00:00:10' })
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    door.clock.set('2026-03-01T00:00:10Z')
    await secretOf(creator)
  })

  test('deleting an order makes room for another', async () => {
    const { project, creator } = freshProject()
    await set(project, { orders: 1 })
    const placed = await creator.post('/v1/orders', ORDER)
    assert.equal((await creator.post('/v1/orders', ORDER)).status, 403)
    await creator.delete(String(placed.json['order_ref']).slice(BASE.length))
    assert.equal((await creator.post('/v1/orders', ORDER)).status, 202)
  })

  test('what orders make is not refused by the quota of secrets, and counts in it (Q05)', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 1, orders: -1 })
    for (let i = 0; i < 3; i += 1) {
      assert.equal((await creator.post('/v1/orders', ORDER)).status, 202)
    }
    assert.equal((await creator.get('/v1/secrets?limit=1')).json['total'], 3)
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
  })

  test('a key pair is not refused by the quotas of secrets and containers, and counts in them', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 2, containers: 1, orders: -1 })
    for (let i = 0; i < 2; i += 1) {
      const order = await orderPair(creator, { algorithm: 'rsa', bit_length: 1024 })
      assert.equal(order['status'], 'ACTIVE', String(order['error_reason']))
    }
    assert.equal((await creator.get('/v1/secrets?limit=1')).json['total'], 4)
    assert.equal((await creator.get('/v1/containers?limit=1')).json['total'], 2)
    assert.equal((await creator.post('/v1/secrets', {})).status, 403)
    assert.equal((await creator.post('/v1/containers', { type: 'generic' })).status, 403)
  })

  test('an order that fails is an order', async () => {
    const { project, creator } = freshProject()
    await set(project, { orders: 1 })
    const odd = { type: 'key', meta: { algorithm: 'rot', bit_length: 8 } }
    assert.equal((await creator.post('/v1/orders', odd)).status, 202)
    assert.equal((await creator.post('/v1/orders', ORDER)).status, 403)
  })

  test('the second step of a two-step secret is not counted', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 1 })
    const { path } = await secretOf(creator)
    const answer = await creator.put(path, 'payload', { 'content-type': 'text/plain' })
    assert.equal(answer.status, 204)
  })

  test('one project does not use up the quota of another', async () => {
    const one = freshProject()
    const other = freshProject()
    await set(one.project, { secrets: 1 })
    await set(other.project, { secrets: 1 })
    await secretOf(one.creator)
    await secretOf(other.creator)
    assert.equal((await one.creator.post('/v1/secrets', {})).status, 403)
  })

  test('RBAC, content type and body speak before the quota', async () => {
    const { project, creator } = freshProject()
    await set(project, { secrets: 0, orders: 0 })
    for (const path of ['/v1/secrets', '/v1/orders']) {
      const stranger = door.as({ project, user: 'u', roles: ['observer'] })
      const refusal = await stranger.post(path, {})
      assert.equal(refusal.status, 403)
      assert.doesNotMatch(refusal.text, /Quota/)
      const typed = await creator.post(path, '{}', { 'content-type': 'text/plain' })
      assert.equal(typed.status, 415)
      assert.equal((await creator.post(path, '{')).status, 400)
    }
    assert.equal((await creator.post('/v1/secrets', { bit_length: 'x' })).status, 400)
    assert.equal((await creator.post('/v1/secrets', { expiration: '2001-01-01' })).status, 400)
    assert.equal((await creator.post('/v1/orders', { type: 'key', meta: {} })).status, 400)
  })

  const containerOf = async (creator: Caller) => {
    const answer = await creator.post('/v1/containers', { type: 'generic' })
    assert.equal(answer.status, 201, answer.text)
    return String(answer.json['container_ref']).slice(BASE.length)
  }

  test('fifty containers at once under a quota of 10: exactly 10 come in', async () => {
    const { project, creator } = freshProject()
    await set(project, { containers: 10 })
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => creator.post('/v1/containers', { type: 'generic' })),
    )
    assert.equal(statuses(answers, 201), 10)
    assert.equal(statuses(answers, 403), 40)
    const refusal = answers.find(({ status }) => status === 403)
    assert.match(refusal?.text ?? '', /Quota reached for containers: .* have 10;/)
    assert.equal((await creator.get('/v1/containers?limit=1')).json['total'], 10)
  })

  test('a deleted container makes room', async () => {
    const { project, creator } = freshProject()
    await set(project, { containers: 1 })
    const path = await containerOf(creator)
    assert.equal((await creator.post('/v1/containers', { type: 'generic' })).status, 403)
    await creator.delete(path)
    await containerOf(creator)
  })

  test('the body of a container speaks before its quota, its secrets after it', async () => {
    const { project, creator } = freshProject()
    await set(project, { containers: 0 })
    assert.equal((await creator.post('/v1/containers', { type: 'dsa' })).status, 400)
    const unknown = `${BASE}/v1/secrets/11111111-1111-4111-8111-111111111111`
    const body = { type: 'generic', secret_refs: [{ name: 'n', secret_ref: unknown }] }
    assert.equal((await creator.post('/v1/containers', body)).status, 403)
    await set(project, { containers: -1 })
    assert.equal((await creator.post('/v1/containers', body)).status, 404)
  })

  /** The two kinds of consumers: where they are registered, and as what. */
  const KINDS = [
    {
      kind: 'containers',
      parentOf: containerOf,
      consumer: (i: number) => ({ name: 'n', URL: `http://u/${i}` }),
    },
    {
      kind: 'secrets',
      parentOf: async (creator: Caller) => (await secretOf(creator)).path,
      consumer: (i: number) => ({ service: 's', resource_type: 't', resource_id: `${i}` }),
    },
  ]
  for (const { kind, parentOf, consumer } of KINDS) {
    test(`fifty consumers of ${kind} at once under a quota of 10: exactly 10 come in`, async () => {
      const { project, creator } = freshProject()
      await set(project, { consumers: 10 })
      const parents = [await parentOf(creator), await parentOf(creator)]
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          creator.post(`${parents[i % 2]}/consumers`, consumer(i)),
        ),
      )
      assert.equal(statuses(answers, 200), 10)
      assert.equal(statuses(answers, 403), 40)
      const refusal = answers.find(({ status }) => status === 403)
      assert.match(refusal?.text ?? '', /Quota reached for consumers: .* have 10;/)
    })

    test(`consumers of ${kind} count in the project that registers them`, async () => {
      const owner = freshProject()
      const guest = freshProject()
      await set(owner.project, { consumers: 0 })
      await set(guest.project, { consumers: 1 })
      const parent = await parentOf(owner.creator)
      const acl = await owner.creator.put(`${parent}/acl`, { read: { users: ['guest'] } })
      assert.equal(acl.status, 200)
      const caller = door.as({ project: guest.project, user: 'guest', roles: ['creator'] })
      assert.equal((await owner.creator.post(`${parent}/consumers`, consumer(0))).status, 403)
      assert.equal((await caller.post(`${parent}/consumers`, consumer(1))).status, 200)
      assert.equal((await caller.post(`${parent}/consumers`, consumer(2))).status, 403)
    })

    test(`a consumer of ${kind} that is registered already may say so again at the limit`, async () => {
      const { project, creator } = freshProject()
      await set(project, { consumers: 1 })
      const parent = await parentOf(creator)
      assert.equal((await creator.post(`${parent}/consumers`, consumer(0))).status, 200)
      assert.equal((await creator.post(`${parent}/consumers`, consumer(0))).status, 200)
      assert.equal((await creator.post(`${parent}/consumers`, consumer(1))).status, 403)
      const removed = await creator.ask('DELETE', `${parent}/consumers`, {
        body: consumer(0),
        headers: { 'content-type': 'application/json' },
      })
      assert.equal(removed.status, 200)
      assert.equal((await creator.post(`${parent}/consumers`, consumer(1))).status, 200)
    })

    test(`the body of a consumer of ${kind} speaks before its quota`, async () => {
      const { project, creator } = freshProject()
      await set(project, { consumers: 0 })
      const parent = await parentOf(creator)
      assert.equal((await creator.post(`${parent}/consumers`, {})).status, 400)
      const typed = await creator.post(`${parent}/consumers`, '{}', { 'content-type': 'x/y' })
      assert.equal(typed.status, 415)
    })
  }

  test('each kind of consumer is counted for itself against the same number', async () => {
    const { project, creator } = freshProject()
    await set(project, { consumers: 1 })
    for (const { parentOf, consumer } of KINDS) {
      const parent = await parentOf(creator)
      assert.equal((await creator.post(`${parent}/consumers`, consumer(0))).status, 200)
      assert.equal((await creator.post(`${parent}/consumers`, consumer(1))).status, 403)
    }
  })
})
