import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type Door, type Identity, openDoor } from './door.ts'
import type { DoorAnswer } from './doorAnswer.ts'
import type { Caller } from './doorCaller.ts'

/** Requests on one secret or container, by what they are called in the rows. */
export type Asked = Readonly<Record<string, (caller: Caller, path: string) => Promise<DoorAnswer>>>

export interface AccessRow extends Identity {
  readonly who: string
  /** The read ACL that was PUT; undefined: none. */
  readonly acl: object | undefined
  /** Everything else is 403. */
  readonly may: readonly string[]
}

export interface AccessSuiteParts {
  readonly enforceNewDefaults: boolean
  /** Who makes what the rows are about, in project p. */
  readonly maker: string
  make(creator: Caller): Promise<{ readonly path: string }>
  readonly asked: Asked
  readonly rows: readonly AccessRow[]
}

interface AccessSuite {
  readonly door: () => Door
  readonly creator: () => Caller
  /** One with this read ACL. */
  shared(acl: object | undefined): Promise<{ readonly path: string }>
}

export const OWNER = { project: 'p', user: 'owner' }
export const NEIGHBOUR = { project: 'p', user: 'neighbour' }
export const FRIEND = { project: 'elsewhere', user: 'friend' }
export const PRIVATE = { 'project-access': false }

/** One test for each row: every request is answered or refused as it says. To be called inside a suite. */
export function accessSuite(parts: AccessSuiteParts): AccessSuite {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor({ enforceNewDefaults: parts.enforceNewDefaults })
    creator = door.as({ ...OWNER, roles: [parts.maker] })
  })
  after(async () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
    await door.close()
  })

  const shared = async (acl: object | undefined) => {
    const made = await parts.make(creator)
    if (acl !== undefined) {
      assert.equal((await creator.put(`${made.path}/acl`, { read: acl })).status, 200)
    }
    return made
  }

  for (const { who, acl, may, ...identity } of parts.rows) {
    test(who, async () => {
      for (const what of may) assert.ok(Object.hasOwn(parts.asked, what), what)
      let { path } = await shared(acl)
      for (const [what, ask] of Object.entries(parts.asked)) {
        const { status } = await ask(door.as(identity), path)
        // What was refused changed nothing; after anything else the next one begins afresh.
        if (status !== 403) path = (await shared(acl)).path
        assert.equal(status !== 403, may.includes(what), `${what}: ${status}`)
        assert.ok(status < 400 || status === 403, `${what}: ${status}`)
      }
    })
  }
  return { door: () => door, creator: () => creator, shared }
}

/** An ACL itself is asked for the same way wherever it stands. */
export const ACL_REQUESTS: Asked = {
  'read ACL': (caller, path) => caller.get(`${path}/acl`),
  'put ACL': (caller, path) => caller.put(`${path}/acl`, {}),
  'patch ACL': (caller, path) => caller.patch(`${path}/acl`, {}),
  'delete ACL': (caller, path) => caller.delete(`${path}/acl`),
}
