import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  ACL_REQUESTS,
  type AccessRow,
  type Asked,
  accessSuite,
  FRIEND,
  NEIGHBOUR,
  OWNER,
  PRIVATE,
} from '../support/accessSuite.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, member } from '../support/doorContainers.ts'
import { secretWithPayload } from '../support/doorSecrets.ts'

const CONSUMER = { name: 'Octavia', URL: 'lb://1' }

/** By the path of their container: a secret that is in it, and one that is not. */
const inside = new Map<string, object>()
const outside = new Map<string, object>()

const READS: Asked = {
  container: (caller, path) => caller.get(path),
  consumers: (caller, path) => caller.get(`${path}/consumers`),
  register: (caller, path) => caller.post(`${path}/consumers`, CONSUMER),
  unregister: async (caller, path) => {
    await caller.post(`${path}/consumers`, CONSUMER)
    return caller.deleteWith(`${path}/consumers`, CONSUMER)
  },
}
const MEMBERS: Asked = {
  'put secret in': (caller, path) => caller.post(`${path}/secrets`, outside.get(path)),
  'take secret out': (caller, path) => caller.deleteWith(`${path}/secrets`, inside.get(path)),
}
const ASKED: Asked = {
  ...READS,
  ...MEMBERS,
  delete: (caller, path) => caller.delete(path),
  ...ACL_REQUESTS,
}

const READING = Object.keys(READS)
const CHANGING = Object.keys(MEMBERS)
const MANAGING = Object.keys(ACL_REQUESTS)
const EVERYTHING = Object.keys(ASKED)

async function make(creator: Caller) {
  const [first, second] = [await secretWithPayload(creator), await secretWithPayload(creator)]
  const container = await containerOf(creator, { secret_refs: [member(first, 'a')] })
  inside.set(container.path, member(first, 'a'))
  outside.set(container.path, member(second, 'b'))
  return container
}

const LEGACY: readonly AccessRow[] = [
  {
    who: 'a user it names reads, whatever project and roles',
    ...FRIEND,
    roles: [],
    acl: { users: ['friend'], ...PRIVATE },
    may: READING,
  },
  {
    who: 'a user it does not name gets nothing, admin elsewhere or not',
    ...FRIEND,
    roles: ['admin', 'creator'],
    acl: { users: ['Friend'] },
    may: [],
  },
  {
    who: 'a creator of the project gets all of what is shared but its end',
    ...NEIGHBOUR,
    roles: ['creator'],
    acl: undefined,
    may: [...READING, ...CHANGING, ...MANAGING],
  },
  {
    who: 'a creator of the project gets nothing of what is private, save its ACL (Q48)',
    ...NEIGHBOUR,
    roles: ['creator'],
    acl: PRIVATE,
    may: MANAGING,
  },
  {
    who: 'an observer of the project reads what is shared, and its ACL',
    ...NEIGHBOUR,
    roles: ['observer'],
    acl: { users: [] },
    may: [...READING, 'read ACL'],
  },
  {
    who: 'audit sees no ACL',
    ...NEIGHBOUR,
    roles: ['audit'],
    acl: undefined,
    may: READING,
  },
  {
    who: 'its owner is not shut out by private',
    ...OWNER,
    roles: ['creator'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
  {
    who: 'the admin of the project is not shut out by private',
    ...NEIGHBOUR,
    roles: ['admin'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
]

const CURRENT: readonly AccessRow[] = [
  {
    who: 'a user it names reads, whatever project and roles',
    ...FRIEND,
    roles: [],
    acl: { users: ['friend'], ...PRIVATE },
    may: READING,
  },
  {
    who: 'a user it does not name gets nothing, admin elsewhere or not',
    ...FRIEND,
    roles: ['admin', 'member'],
    acl: { users: ['other'] },
    may: [],
  },
  {
    who: 'a member of the project gets what is shared, and never an ACL',
    ...NEIGHBOUR,
    roles: ['member'],
    acl: { users: [] },
    may: [...READING, ...CHANGING, 'delete'],
  },
  {
    who: 'a member of the project gets nothing of what is private',
    ...NEIGHBOUR,
    roles: ['member'],
    acl: PRIVATE,
    may: [],
  },
  {
    who: 'its owner is not shut out by private',
    ...OWNER,
    roles: ['member'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
  {
    who: 'the admin of the project is not shut out by private',
    ...NEIGHBOUR,
    roles: ['admin'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
]

function suite(
  mode: string,
  enforceNewDefaults: boolean,
  maker: string,
  rows: readonly AccessRow[],
) {
  describe(`what the ACL of a container grants, ${mode} defaults`, () => {
    const parts = { enforceNewDefaults, maker, make, asked: ASKED, rows }
    const { door, creator, shared } = accessSuite(parts)

    test('it opens the container, not the secrets in it', async () => {
      const { path } = await shared({ users: ['friend'] })
      const guest = door().as({ ...FRIEND, roles: [] })
      const { json } = await guest.get(path)
      const [first] = json['secret_refs'] as { secret_ref: string }[]
      const secret = new URL(first?.secret_ref ?? assert.fail()).pathname
      assert.equal((await guest.get(`${secret}/payload`)).status, 403)
      await creator().put(`${secret}/acl`, { read: { users: ['friend'] } })
      assert.equal((await guest.get(`${secret}/payload`)).text, 'some payload')
    })

    test('it survives a change of the members, and a change of members survives it', async () => {
      const { path } = await shared({ users: ['friend'], ...PRIVATE })
      const guest = door().as({ ...FRIEND, roles: [] })
      assert.equal((await creator().post(`${path}/secrets`, outside.get(path))).status, 201)
      assert.equal((await guest.get(path)).status, 200)
      await creator().patch(`${path}/acl`, { read: { users: ['friend', 'other'] } })
      assert.equal(((await guest.get(path)).json['secret_refs'] as object[]).length, 2)
    })

    test('an ACL can be set when a secret in it is gone', async () => {
      const { path } = await shared(undefined)
      const { json } = await creator().get(path)
      const [first] = json['secret_refs'] as { secret_ref: string }[]
      await creator().delete(new URL(first?.secret_ref ?? assert.fail()).pathname)
      const read = { users: ['friend'] }
      assert.equal((await creator().put(`${path}/acl`, { read })).status, 200)
      const guest = door().as({ ...FRIEND, roles: [] })
      assert.deepEqual((await guest.get(path)).json['secret_refs'], [])
    })

    test('what is private stands in the list of its project all the same (Q03)', async () => {
      const { path } = await shared(PRIVATE)
      const caller = door().as({ ...NEIGHBOUR, roles: [maker] })
      const { json } = await caller.get('/v1/containers?limit=100&offset=0')
      const total = Number(json['total'])
      const last = await caller.get(`/v1/containers?limit=1&offset=${total - 1}`)
      assert.ok(last.text.includes(path))
    })
  })
}

suite('legacy', false, 'creator', LEGACY)
suite('new', true, 'member', CURRENT)

describe('the way of Octavia (consumers of the real world)', () => {
  const rows: readonly AccessRow[] = []
  const parts = { enforceNewDefaults: false, maker: 'creator', make, asked: ASKED, rows }
  const { door, creator } = accessSuite(parts)

  test('the tenant opens a container and its secrets to the service, which reads, registers and leaves', async () => {
    const tenant = creator()
    const service = door().as({ project: 'service', user: 'octavia', roles: ['admin'] })
    const secret = await secretWithPayload(tenant)
    const container = await containerOf(tenant, { secret_refs: [member(secret, 'certificate')] })
    assert.equal((await service.get(container.path)).status, 403)
    const read = { 'project-access': true, users: ['octavia'] }
    for (const { path } of [container, secret]) {
      const acl = await tenant.get(`${path}/acl`)
      assert.deepEqual(acl.json, { read: { 'project-access': true } })
      assert.equal((await tenant.put(`${path}/acl`, { read })).status, 200)
    }
    assert.equal((await service.get(container.path)).status, 200)
    assert.equal((await service.get(`${secret.path}/payload`)).text, 'some payload')
    const added = await service.post(`${container.path}/consumers/`, CONSUMER)
    assert.deepEqual(added.json['consumers'], [CONSUMER])
    const removed = await service.deleteWith(`${container.path}/consumers`, CONSUMER)
    assert.equal(removed.status, 200)
    for (const { path } of [container, secret]) {
      await tenant.put(`${path}/acl`, { read: { 'project-access': true, users: [] } })
      assert.equal((await service.get(path)).status, 403)
    }
  })
})
