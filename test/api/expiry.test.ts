import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const BEFORE = '2026-05-01T11:59:59.999Z'
const EXPIRATION = '2026-05-01T12:00:00'
const AT = '2026-05-01T12:00:00.000Z'
const CONSUMER = { service: 'image', resource_type: 'image', resource_id: 'i' }
const TEXT = { 'content-type': 'text/plain' }

interface View {
  readonly name: string
  /** 200 and the like while the secret lives; undefined: what `ask` did to it cannot be undone, so it is only asked afterwards. */
  readonly alive: number | undefined
  readonly ask: (owner: Caller, secret: MadeSecret, reader: Caller) => Promise<DoorAnswer>
}

/** Every way to a secret by its id. */
const VIEWS: readonly View[] = [
  { name: 'GET', alive: 200, ask: (owner, { path }) => owner.get(path) },
  {
    name: 'GET with an ETag',
    alive: 200,
    ask: (owner, { path }) => owner.get(path, { 'if-none-match': '"x"' }),
  },
  { name: 'GET payload', alive: 200, ask: (owner, { path }) => owner.get(`${path}/payload`) },
  {
    name: 'GET with Accept of its payload',
    alive: 200,
    ask: (owner, { path }) => owner.get(path, { accept: 'text/plain' }),
  },
  { name: 'GET by an ACL user', alive: 200, ask: (_, { path }, reader) => reader.get(path) },
  {
    name: 'GET payload by an ACL user',
    alive: 200,
    ask: (_, { path }, reader) => reader.get(`${path}/payload`),
  },
  { name: 'PUT payload', alive: 409, ask: (owner, { path }) => owner.put(path, 'x', TEXT) },
  { name: 'another method', alive: 405, ask: (owner, { path }) => owner.ask('PATCH', path) },
  { name: 'GET metadata', alive: 200, ask: (owner, { path }) => owner.get(`${path}/metadata`) },
  {
    name: 'PUT metadata',
    alive: 201,
    ask: (owner, { path }) => owner.put(`${path}/metadata`, { metadata: { k: 'v' } }),
  },
  {
    name: 'POST metadata',
    alive: 409,
    ask: (owner, { path }) => owner.post(`${path}/metadata`, { key: 'k', value: 'v' }),
  },
  { name: 'GET metadata/k', alive: 200, ask: (owner, { path }) => owner.get(`${path}/metadata/k`) },
  {
    name: 'PUT metadata/k',
    alive: 200,
    ask: (owner, { path }) => owner.put(`${path}/metadata/k`, { key: 'k', value: 'w' }),
  },
  {
    name: 'DELETE metadata/k',
    alive: undefined,
    ask: (owner, { path }) => owner.delete(`${path}/metadata/k`),
  },
  { name: 'GET acl', alive: 200, ask: (owner, { path }) => owner.get(`${path}/acl`) },
  {
    name: 'PUT acl',
    alive: 200,
    ask: (owner, { path }) => owner.put(`${path}/acl`, { read: { users: ['x'] } }),
  },
  {
    name: 'PATCH acl',
    alive: 200,
    ask: (owner, { path }) =>
      owner.ask('PATCH', `${path}/acl`, {
        body: { read: { users: ['x'] } },
        headers: { 'content-type': 'application/json' },
      }),
  },
  { name: 'DELETE acl', alive: undefined, ask: (owner, { path }) => owner.delete(`${path}/acl`) },
  {
    name: 'GET consumers',
    alive: 200,
    ask: (owner, { path }) => owner.get(`${path}/consumers`),
  },
  {
    name: 'POST consumers',
    alive: 200,
    ask: (owner, { path }) => owner.post(`${path}/consumers`, CONSUMER),
  },
  {
    name: 'DELETE consumers',
    alive: undefined,
    ask: (owner, { path }) =>
      owner.ask('DELETE', `${path}/consumers`, {
        body: CONSUMER,
        headers: { 'content-type': 'application/json' },
      }),
  },
  {
    name: 'DELETE at microversion 1.2, consumers and all',
    alive: 400,
    ask: (owner, { path }) => owner.delete(path, { 'openstack-api-version': 'key-manager 1.2' }),
  },
  { name: 'DELETE', alive: undefined, ask: (owner, { path }) => owner.delete(path) },
]

describe('a secret at the instant of its expiration', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  let projects = 0
  const freshProject = () => {
    projects += 1
    const project = `project-${projects}`
    return {
      project,
      owner: door.as({ project, user: 'owner', roles: ['admin'] }),
      reader: door.as({ project: 'readers', user: `reader-${projects}`, roles: ['observer'] }),
    }
  }
  /** Created a second before it expires, with metadata and an ACL. */
  const expiring = async () => {
    door.clock.set('2026-05-01T11:59:00Z')
    const { owner, reader, project } = freshProject()
    const secret = await secretWithPayload(owner, { name: 'expiring', expiration: EXPIRATION })
    await owner.put(`${secret.path}/metadata`, { metadata: { k: 'v' } })
    await owner.put(`${secret.path}/acl`, { read: { users: [`reader-${projects}`] } })
    await owner.post(`${secret.path}/consumers`, CONSUMER)
    return { owner, reader, secret, project }
  }

  for (const { name, alive, ask } of VIEWS) {
    test(`${name} is 404 from that instant on${alive === undefined ? '' : `, ${alive} until then`}`, async () => {
      const { owner, reader, secret } = await expiring()
      if (alive !== undefined) {
        door.clock.set(BEFORE)
        assert.equal((await ask(owner, secret, reader)).status, alive)
      }
      door.clock.set(AT)
      const answer = await ask(owner, secret, reader)
      assert.equal(answer.status, 404)
      assert.equal(answer.json['description'], `Secret not found: ${secret.id}.`)
    })
  }

  test('PUT of the payload of a two-step secret is 404', async () => {
    door.clock.set('2026-05-01T11:59:00Z')
    const { owner } = freshProject()
    const { path } = await secretOf(owner, { expiration: EXPIRATION })
    door.clock.set(AT)
    assert.equal((await owner.put(path, 'x', TEXT)).status, 404)
  })

  const LISTS = [
    '',
    '?limit=1',
    '?name=expiring',
    '?sort=name:desc',
    '?sort=expiration',
    '?secret_type=opaque',
    '?created=gt:2000-01-01',
    '?expiration=2026-05-01T12:00:00',
    '?expiration=gte:2026-01-01',
  ]
  for (const query of LISTS) {
    test(`GET /v1/secrets${query} and its total are without it`, async () => {
      const { owner } = await expiring()
      door.clock.set(BEFORE)
      const until = await owner.get(`/v1/secrets${query}`)
      assert.equal(until.json['total'], 1)
      assert.equal((until.json['secrets'] as unknown[]).length, 1)
      door.clock.set(AT)
      assert.deepEqual((await owner.get(`/v1/secrets${query}`)).json, { secrets: [], total: 0 })
    })
  }

  test('acl_only lists it no more', async () => {
    const { reader } = await expiring()
    door.clock.set(BEFORE)
    assert.equal((await reader.get('/v1/secrets?acl_only=true')).json['total'], 1)
    door.clock.set(AT)
    assert.equal((await reader.get('/v1/secrets?acl_only=true')).json['total'], 0)
  })

  test('pages and links are those of what is left', async () => {
    const { owner } = await expiring()
    await secretOf(owner, { name: 'stays' })
    door.clock.set(AT)
    const page = await owner.get('/v1/secrets?limit=1')
    assert.equal(page.json['total'], 1)
    assert.equal(page.json['next'], undefined)
    assert.match(page.text, /"stays"/)
  })

  test('no container takes it any more, new or old', async () => {
    const { owner, secret } = await expiring()
    const refs = { type: 'generic', secret_refs: [{ name: 'n', secret_ref: secret.ref }] }
    door.clock.set(BEFORE)
    assert.equal((await owner.post('/v1/containers', refs)).status, 201)
    const empty = await owner.post('/v1/containers', { type: 'generic' })
    const path = String(empty.json['container_ref']).slice(BASE.length)
    door.clock.set(AT)
    assert.equal((await owner.post('/v1/containers', refs)).status, 404)
    const added = await owner.post(`${path}/secrets`, { name: 'n', secret_ref: secret.ref })
    assert.equal(added.status, 404)
  })

  test('a container that has it keeps naming it: readers see no member come or go', async () => {
    const { owner, secret } = await expiring()
    door.clock.set(BEFORE)
    const made = await owner.post('/v1/containers', {
      type: 'generic',
      secret_refs: [{ name: 'n', secret_ref: secret.ref }],
    })
    const path = String(made.json['container_ref']).slice(BASE.length)
    const until = (await owner.get(path)).json['secret_refs']
    assert.deepEqual(until, [{ name: 'n', secret_ref: secret.ref }])
    door.clock.set(AT)
    assert.deepEqual((await owner.get(path)).json['secret_refs'], until)
  })

  test('it makes room in the quota', async () => {
    const { owner, project } = await expiring()
    const operator = door.as({ project: 'c', user: 'o', roles: ['key-manager:service-admin'] })
    await operator.put(`/v1/project-quotas/${project}`, { project_quotas: { secrets: 1 } })
    door.clock.set(BEFORE)
    assert.equal((await owner.post('/v1/secrets', {})).status, 403)
    door.clock.set(AT)
    assert.equal((await owner.post('/v1/secrets', {})).status, 201)
  })

  test('its row, key and all, waits for housekeeping', async () => {
    const { secret } = await expiring()
    door.clock.set(AT)
    const rows = door.execute('select id from secrets where id = ?', secret.id)
    assert.equal(rows.length, 1)
  })
})
