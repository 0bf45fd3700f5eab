import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretOf, secretWithPayload } from '../support/doorSecrets.ts'

const CONSUMER = { service: 'cinder', resource_type: 'volume', resource_id: 'v' }
const NOTE = { key: 'k', value: 'v' }

/** What an ACL is about, asked one after the other; what changes the secret comes last. */
const READS = {
  metadata: (caller: Caller, path: string) => caller.get(path),
  payload: (caller: Caller, path: string) => caller.get(`${path}/payload`),
  notes: (caller: Caller, path: string) => caller.get(`${path}/metadata`),
  consumers: (caller: Caller, path: string) => caller.get(`${path}/consumers`),
  register: (caller: Caller, path: string) => caller.post(`${path}/consumers`, CONSUMER),
  unregister: async (caller: Caller, path: string) => {
    const own = { ...CONSUMER, resource_id: 'own' }
    await caller.post(`${path}/consumers`, own)
    return caller.deleteWith(`${path}/consumers`, own)
  },
} satisfies Asked
const ACLS = {
  'read ACL': (caller: Caller, path: string) => caller.get(`${path}/acl`),
  'put ACL': (caller: Caller, path: string) => caller.put(`${path}/acl`, {}),
  'patch ACL': (caller: Caller, path: string) => caller.patch(`${path}/acl`, {}),
  'delete ACL': (caller: Caller, path: string) => caller.delete(`${path}/acl`),
} satisfies Asked
const CHANGES = {
  'add note': (caller: Caller, path: string) => caller.post(`${path}/metadata`, NOTE),
  'put notes': (caller: Caller, path: string) => caller.put(`${path}/metadata`, { metadata: {} }),
  'delete note': (caller: Caller, path: string) => caller.delete(`${path}/metadata/k`),
  delete: (caller: Caller, path: string) => caller.delete(path),
} satisfies Asked
const ALL = { ...READS, ...CHANGES, ...ACLS }

type Asked = Readonly<Record<string, (caller: Caller, path: string) => Promise<DoorAnswer>>>
type What = keyof typeof ALL

const PRIVATE = { 'project-access': false }

interface Row {
  readonly who: string
  readonly project: string
  readonly user: string
  readonly roles: readonly string[]
  readonly acl: object | undefined
  /** Everything else is 403. */
  readonly may: readonly What[]
}

const EVERYTHING = Object.keys(ALL) as readonly What[]
const READING = Object.keys(READS) as readonly What[]
const MANAGING = Object.keys(ACLS) as readonly What[]
const CHANGING = Object.keys(CHANGES) as readonly What[]

const friend = { project: 'elsewhere', user: 'friend' }
const neighbour = { project: 'p', user: 'neighbour' }
const owner = { project: 'p', user: 'owner' }

const LEGACY: readonly Row[] = [
  {
    who: 'a user it names reads, whatever project and roles',
    ...friend,
    roles: [],
    acl: { users: ['friend'], ...PRIVATE },
    may: READING,
  },
  {
    who: 'a user it names, admin elsewhere, reads and no more',
    ...friend,
    roles: ['admin'],
    acl: { users: ['friend'] },
    may: READING,
  },
  {
    who: 'a user it does not name gets nothing',
    ...friend,
    roles: ['admin', 'creator'],
    acl: { users: ['Friend', 'friend2', ''] },
    may: [],
  },
  {
    who: 'a creator of the project gets all of what is shared',
    ...neighbour,
    roles: ['creator'],
    acl: { users: [] },
    may: EVERYTHING,
  },
  {
    who: 'a creator of the project gets nothing of what is private, save its ACL (Q48)',
    ...neighbour,
    roles: ['creator'],
    acl: PRIVATE,
    may: MANAGING,
  },
  {
    who: 'an observer of the project reads the ACL of what is private, and no more',
    ...neighbour,
    roles: ['observer'],
    acl: PRIVATE,
    may: ['read ACL'],
  },
  {
    who: 'an observer of the project reads what is shared (Q56)',
    ...neighbour,
    roles: ['observer'],
    acl: { users: [] },
    may: [...READING, 'read ACL'],
  },
  {
    who: 'audit sees no payload and no ACL',
    ...neighbour,
    roles: ['audit'],
    acl: undefined,
    may: READING.filter((what) => what !== 'payload'),
  },
  {
    who: 'a member of the project whom a private one names reads it',
    ...neighbour,
    roles: [],
    acl: { users: ['neighbour'], ...PRIVATE },
    may: READING,
  },
  {
    who: 'its owner is not shut out by private',
    ...owner,
    roles: ['creator'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
  {
    who: 'the admin of the project is not shut out by private',
    ...neighbour,
    roles: ['admin'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
]

const CURRENT: readonly Row[] = [
  {
    who: 'a user it names reads, whatever project and roles',
    ...friend,
    roles: [],
    acl: { users: ['friend'], ...PRIVATE },
    may: READING,
  },
  {
    who: 'a user it does not name gets nothing',
    ...friend,
    roles: ['member', 'reader'],
    acl: { users: ['other'] },
    may: [],
  },
  {
    who: 'a member of the project gets what is shared, and never an ACL',
    ...neighbour,
    roles: ['member'],
    acl: { users: [] },
    may: [...READING, ...CHANGING],
  },
  {
    who: 'a member of the project gets nothing of what is private',
    ...neighbour,
    roles: ['member'],
    acl: PRIVATE,
    may: [],
  },
  {
    who: 'its owner is not shut out by private',
    ...owner,
    roles: ['member'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
  {
    who: 'the admin of the project is not shut out by private',
    ...neighbour,
    roles: ['admin'],
    acl: PRIVATE,
    may: EVERYTHING,
  },
]

function suite(mode: string, enforceNewDefaults: boolean, maker: string, rows: readonly Row[]) {
  describe(`what an ACL grants, ${mode} defaults`, () => {
    let door: Door
    let creator: Caller
    before(async () => {
      door = await openDoor({ enforceNewDefaults })
      creator = door.as({ ...owner, roles: [maker] })
    })
    after(() => door.close())

    const shared = async (acl: object | undefined): Promise<MadeSecret> => {
      const made = await secretWithPayload(creator)
      await creator.post(`${made.path}/consumers`, CONSUMER)
      if (acl !== undefined) {
        assert.equal((await creator.put(`${made.path}/acl`, { read: acl })).status, 200)
      }
      return made
    }

    for (const { who, acl, may, ...identity } of rows) {
      test(who, async () => {
        const caller = door.as(identity)
        for (const [what, ask] of Object.entries(ALL)) {
          const { path } = await shared(acl)
          const { status } = await ask(caller, path)
          assert.equal(status !== 403, may.includes(what as What), `${what}: ${status}`)
          assert.ok(status < 400 || status === 403, `${what}: ${status}`)
        }
      })
    }

    test('a payload put into what is private', async () => {
      const { path } = await secretOf(creator)
      await creator.put(`${path}/acl`, { read: PRIVATE })
      const put = (user: string, roles: readonly string[]) =>
        door.as({ project: 'p', user, roles }).put(path, 'x', { 'content-type': 'text/plain' })
      // The legacy rule does not look at privacy (Q48).
      assert.equal((await put('neighbour', [maker])).status, enforceNewDefaults ? 403 : 204)
      if (enforceNewDefaults) assert.equal((await put('owner', [maker])).status, 204)
    })

    test('what is private stands in the list of its project all the same (Q03)', async () => {
      const { ref } = await shared(PRIVATE)
      const caller = door.as({ ...neighbour, roles: [maker] })
      const list = await caller.get('/v1/secrets?limit=100&sort=created:desc')
      const refs = (list.json['secrets'] as { secret_ref: string }[]).map((it) => it.secret_ref)
      assert.ok(refs.includes(ref))
    })

    test('a right ends with the ACL that gave it', async () => {
      const guest = door.as({ ...friend, roles: [] })
      for (const end of [
        (path: string) => creator.put(`${path}/acl`, { read: { users: [] } }),
        (path: string) => creator.patch(`${path}/acl`, { read: { users: ['other'] } }),
        (path: string) => creator.put(`${path}/acl`, {}),
        (path: string) => creator.delete(`${path}/acl`),
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
      const nobody = door.as({ project: 'elsewhere', roles: [maker] })
      assert.equal((await nobody.get(path)).status, 403)
    })

    test('no alarm was raised and nothing failed', () => {
      assert.deepEqual(door.alarms, [])
      assert.deepEqual(door.failures, [])
    })
  })
}

suite('legacy', false, 'creator', LEGACY)
suite('new', true, 'member', CURRENT)
