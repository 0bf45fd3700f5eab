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
import { secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const CONSUMER = { service: 'cinder', resource_type: 'volume', resource_id: 'v' }
const NOTE = { key: 'k', value: 'v' }

const READS: Asked = {
  metadata: (caller, path) => caller.get(path),
  payload: (caller, path) => caller.get(`${path}/payload`),
  notes: (caller, path) => caller.get(`${path}/metadata`),
  consumers: (caller, path) => caller.get(`${path}/consumers`),
  register: (caller, path) => caller.post(`${path}/consumers`, CONSUMER),
  unregister: async (caller, path) => {
    const own = { ...CONSUMER, resource_id: 'own' }
    await caller.post(`${path}/consumers`, own)
    return caller.deleteWith(`${path}/consumers`, own)
  },
}
const CHANGES: Asked = {
  'add note': (caller, path) => caller.post(`${path}/metadata`, NOTE),
  'put notes': (caller, path) => caller.put(`${path}/metadata`, { metadata: {} }),
  'delete note': (caller, path) => caller.delete(`${path}/metadata/k`),
  delete: (caller, path) => caller.delete(path),
}

const READING = Object.keys(READS)
const CHANGING = Object.keys(CHANGES)
const MANAGING = Object.keys(ACL_REQUESTS)
const EVERYTHING = [...READING, ...CHANGING, ...MANAGING]

async function make(creator: Caller) {
  const made = await secretWithPayload(creator)
  await creator.post(`${made.path}/consumers`, CONSUMER)
  return made
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
    who: 'a user it names, admin elsewhere, reads and no more',
    ...FRIEND,
    roles: ['admin'],
    acl: { users: ['friend'] },
    may: READING,
  },
  {
    who: 'a user it does not name gets nothing',
    ...FRIEND,
    roles: ['admin', 'creator'],
    acl: { users: ['Friend', 'friend2', ''] },
    may: [],
  },
  {
    who: 'a creator of the project gets all of what is shared',
    ...NEIGHBOUR,
    roles: ['creator'],
    acl: { users: [] },
    may: EVERYTHING,
  },
  {
    who: 'a creator of the project gets nothing of what is private, save its ACL (Q48)',
    ...NEIGHBOUR,
    roles: ['creator'],
    acl: PRIVATE,
    may: MANAGING,
  },
  {
    who: 'an observer of the project reads the ACL of what is private, and no more',
    ...NEIGHBOUR,
    roles: ['observer'],
    acl: PRIVATE,
    may: ['read ACL'],
  },
  {
    who: 'an observer of the project reads what is shared (Q56)',
    ...NEIGHBOUR,
    roles: ['observer'],
    acl: { users: [] },
    may: [...READING, 'read ACL'],
  },
  {
    who: 'audit sees no payload and no ACL',
    ...NEIGHBOUR,
    roles: ['audit'],
    acl: undefined,
    may: READING.filter((what) => what !== 'payload'),
  },
  {
    who: 'a member of the project whom a private one names reads it',
    ...NEIGHBOUR,
    roles: [],
    acl: { users: ['neighbour'], ...PRIVATE },
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
    who: 'a user it does not name gets nothing',
    ...FRIEND,
    roles: ['member', 'reader'],
    acl: { users: ['other'] },
    may: [],
  },
  {
    who: 'a member of the project gets what is shared, and never an ACL',
    ...NEIGHBOUR,
    roles: ['member'],
    acl: { users: [] },
    may: [...READING, ...CHANGING],
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
  describe(`what the ACL of a secret grants, ${mode} defaults`, () => {
    const asked = { ...READS, ...CHANGES, ...ACL_REQUESTS }
    const { door, creator, shared } = accessSuite({ enforceNewDefaults, maker, make, asked, rows })

    test('a payload put into what is private', async () => {
      const { path } = await secretOf(creator())
      await creator().put(`${path}/acl`, { read: PRIVATE })
      const put = (user: string) =>
        door()
          .as({ project: 'p', user, roles: [maker] })
          .put(path, 'x', { 'content-type': 'text/plain' })
      // The legacy rule does not look at privacy (Q48).
      assert.equal((await put('neighbour')).status, enforceNewDefaults ? 403 : 204)
      if (enforceNewDefaults) assert.equal((await put('owner')).status, 204)
    })

    test('what is private stands in the list of its project all the same (Q03)', async () => {
      const { path } = await shared(PRIVATE)
      const caller = door().as({ ...NEIGHBOUR, roles: [maker] })
      const list = await caller.get('/v1/secrets?limit=100&sort=created:desc')
      const refs = (list.json['secrets'] as { secret_ref: string }[]).map((it) => it.secret_ref)
      assert.ok(refs.some((ref) => ref.endsWith(path)))
    })

    test('a right ends with the ACL that gave it', async () => {
      const guest = door().as({ ...FRIEND, roles: [] })
      for (const end of [
        (path: string) => creator().put(`${path}/acl`, { read: { users: [] } }),
        (path: string) => creator().patch(`${path}/acl`, { read: { users: ['other'] } }),
        (path: string) => creator().put(`${path}/acl`, {}),
        (path: string) => creator().delete(`${path}/acl`),
      ]) {
        const { path } = await shared({ users: ['friend'] })
        assert.equal((await guest.get(`${path}/payload`)).text, 'some payload')
        await end(path)
        assert.equal((await guest.get(`${path}/payload`)).status, 403)
        assert.equal((await guest.get(path)).status, 403)
      }
    })

    test('a caller without user id stands in no ACL', async () => {
      const { path } = await shared({ users: ['', 'None', 'null', 'undefined'] })
      const nobody = door().as({ project: 'elsewhere', roles: [maker] })
      assert.equal((await nobody.get(path)).status, 403)
    })
  })
}

suite('legacy', false, 'creator', LEGACY)
suite('new', true, 'member', CURRENT)
