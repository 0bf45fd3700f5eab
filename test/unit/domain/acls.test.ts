import assert from 'node:assert/strict'
import { test } from 'node:test'
import { secretAclParent } from '../../../src/domain/aclParents.ts'
import { Acls } from '../../../src/domain/acls.ts'
import type { NewAcl } from '../../../src/domain/newAcl.ts'
import type { Changed } from '../../../src/domain/ports/changes.ts'
import type { SecretRepository } from '../../../src/domain/ports/secretRepositories.ts'
import { Fault } from '../../../src/lib/fault.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import type { Timestamp } from '../../../src/lib/timestamp.ts'
import type { Acl } from '../../../src/model/acl.ts'
import { contextOf, fakeParts, inTurn, MAC, SECRET_ID, storedSecret } from './fakeParts.ts'

const OLD = '2026-01-01T00:00:00.000000' as Timestamp
const OF_FRIEND: Acl = {
  projectAccess: false,
  users: ['friend'],
  createdAt: OLD,
  updatedAt: OLD,
}
const fault = (kind: string) => (error: unknown) => error instanceof Fault && error.kind === kind
const saying = (read: NewAcl['read']) => async (): Promise<NewAcl> => ({ read })
const FOR_GUEST = saying({ users: ['guest'], projectAccess: undefined })

function acls(secrets: Partial<SecretRepository>) {
  const parts = fakeParts({ secrets })
  return { parts, acls: new Acls({ ...parts, parent: secretAclParent(parts) }) }
}

test('a change writes under the MAC that was verified', async () => {
  const calls: unknown[] = []
  const { acls: it } = acls({
    find: async () => storedSecret({ acl: OF_FRIEND }),
    replaceAcl: async (mac, { acl, updatedAt }) => {
      calls.push([
        mac,
        acl?.users,
        acl?.projectAccess,
        acl?.createdAt,
        acl?.updatedAt === updatedAt,
      ])
      return 'changed'
    },
  })
  await it.amend(contextOf(), SECRET_ID, FOR_GUEST)
  assert.deepEqual(calls, [[MAC, ['guest'], false, OLD, true]])
})

test('a record that changed meanwhile is read again, and the merge made anew', async () => {
  const records = inTurn(
    storedSecret(),
    storedSecret(),
    storedSecret({ acl: { ...OF_FRIEND, projectAccess: false } }),
  )
  const outcomes = inTurn<Changed>('stale', 'changed')
  const written: (Acl | null)[] = []
  const { acls: it } = acls({
    find: records.next,
    replaceAcl: async (_mac, { acl }) => {
      written.push(acl)
      return outcomes.next()
    },
  })
  await it.amend(contextOf(), SECRET_ID, FOR_GUEST)
  assert.deepEqual(
    written.map((acl) => acl?.projectAccess),
    [true, false],
  )
})

test('the right is judged again for what was read again', async () => {
  // Found by the first look and the first try; moved to another project before the second.
  const moved = { ...storedSecret(), projectId: 'q' as ProjectId }
  const records = inTurn(storedSecret(), storedSecret(), moved)
  const outcomes = inTurn<Changed>('stale', 'changed')
  const { acls: it } = acls({ find: records.next, replaceAcl: outcomes.next })
  await assert.rejects(it.replace(contextOf(), SECRET_ID, FOR_GUEST), fault('forbidden'))
  assert.equal(outcomes.calls, 1)
})

test('a record that never holds still ends in 503', async () => {
  let writes = 0
  const { acls: it } = acls({
    find: async () => storedSecret(),
    replaceAcl: async () => {
      writes += 1
      return 'stale'
    },
  })
  await assert.rejects(it.replace(contextOf(), SECRET_ID, FOR_GUEST), fault('unavailable'))
  assert.equal(writes, 5)
})

test('a project key that is gone is forgotten, and the record protected anew', async () => {
  const outcomes = inTurn<Changed | 'keyGone'>('keyGone', 'changed')
  const { acls: it, parts } = acls({
    find: async () => storedSecret(),
    replaceAcl: outcomes.next,
  })
  await it.replace(contextOf(), SECRET_ID, FOR_GUEST)
  assert.deepEqual(parts.purged, ['p'])
  assert.equal(outcomes.calls, 2)
})

test('a record that goes while its ACL changes is not found', async () => {
  let isGone = false
  const { acls: it } = acls({
    find: async () => (isGone ? undefined : storedSecret()),
    replaceAcl: async () => {
      isGone = true
      return 'gone'
    },
  })
  await assert.rejects(it.replace(contextOf(), SECRET_ID, FOR_GUEST), fault('notFound'))
})

test('what changes nothing writes nothing', async () => {
  const { acls: it } = acls({ find: async () => storedSecret() })
  await it.remove(contextOf(), SECRET_ID)
  await it.replace(contextOf(), SECRET_ID, saying(undefined))
  await it.amend(contextOf(), SECRET_ID, saying(undefined))
})

test('the body is read once, and only by who may change the ACL', async () => {
  const outcomes = inTurn<Changed>('stale', 'stale', 'changed')
  const { acls: it } = acls({ find: async () => storedSecret(), replaceAcl: outcomes.next })
  let reads = 0
  const body = async () => {
    reads += 1
    return FOR_GUEST()
  }
  await assert.rejects(it.replace(contextOf(['observer']), SECRET_ID, body), fault('forbidden'))
  await assert.rejects(it.amend(contextOf(['observer']), SECRET_ID, body), fault('forbidden'))
  assert.equal(reads, 0)
  await it.replace(contextOf(), SECRET_ID, body)
  assert.equal(reads, 1)
})

test('an id that is none asks the database nothing', async () => {
  const { acls: it } = acls({})
  await assert.rejects(it.read(contextOf(), undefined), fault('notFound'))
  await assert.rejects(it.replace(contextOf(), undefined, FOR_GUEST), fault('notFound'))
  await assert.rejects(it.remove(contextOf(), undefined), fault('notFound'))
})
