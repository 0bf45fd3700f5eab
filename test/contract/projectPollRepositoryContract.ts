import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { Lease } from '../../src/domain/ports/projectDeletions.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import {
  at,
  NOW,
  newProjectId,
  Project,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

const AT = {
  one: at('2026-11-22T13:00:00.000000'),
  two: at('2026-11-22T14:00:00.000000'),
  three: at('2026-11-22T15:00:00.000000'),
}
const lease = (owner: string, now: Timestamp, until: Timestamp): Lease => ({ owner, now, until })

/** What every ProjectPollRepository answers. Its tests want a database of their own. */
export function projectPollRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`project poll repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    before(async () => {
      db = await open()
    })
    const stateOf = (id: ProjectId) =>
      db.execute('select state from projects where project_id = ?', id)[0]?.['state']

    test('a pass is one node’s, which may prolong it, and the next begins when it is due', async () => {
      const { deletions: polls } = db
      assert.equal(await polls.claimPass(lease('a', NOW, AT.one), NOW), true)
      assert.equal(await polls.claimPass(lease('b', NOW, AT.one), NOW), false)
      assert.equal(await polls.claimPass(lease('a', NOW, AT.two), NOW), true)
      assert.equal(await polls.claimPass(lease('b', AT.one, AT.two), NOW), false)
      await polls.endPass(lease('b', AT.one, AT.two), true)
      assert.equal(await polls.claimPass(lease('b', AT.one, AT.two), NOW), false)
      await polls.endPass(lease('a', AT.one, AT.two), true)
      assert.equal(await polls.claimPass(lease('b', AT.one, AT.two), NOW), false, 'not due')
      assert.equal(await polls.claimPass(lease('b', AT.two, AT.three), AT.one), true)
      await polls.endPass(lease('b', AT.two, AT.three), false)
      assert.equal(
        await polls.claimPass(lease('c', AT.two, AT.three), AT.one),
        true,
        'not complete',
      )
      assert.equal(await polls.claimPass(lease('a', AT.three, AT.three), AT.one), true, 'c died')
    })

    test('lists each project once, by its id, page by page', async () => {
      const ids: ProjectId[] = []
      for (let index = 0; index < 3; index += 1) ids.push((await Project.make(db)).id)
      const quotasAlone = newProjectId()
      await db.quotas.set(quotasAlone, { secrets: 1 }, NOW)
      await db.quotas.set(ids[0] as ProjectId, { secrets: 1 }, NOW)
      const sorted = [...ids, quotasAlone].toSorted()
      assert.deepEqual(await db.deletions.projectsAfter(undefined, 10), sorted)
      assert.deepEqual(await db.deletions.projectsAfter(undefined, 3), sorted.slice(0, 3))
      assert.deepEqual(await db.deletions.projectsAfter(sorted[2], 3), sorted.slice(3))
      assert.deepEqual(await db.deletions.projectsAfter(sorted[3], 3), [])
    })

    test('a project is missing since it was first missed, until it is seen', async () => {
      const { id } = await Project.make(db)
      assert.equal(await db.deletions.markMissing(id, AT.one), AT.one)
      assert.equal(await db.deletions.markMissing(id, AT.two), AT.one)
      await db.deletions.markPresent(id)
      assert.equal(stateOf(id), 'live')
      assert.equal(await db.deletions.markMissing(id, AT.three), AT.three)
    })

    test('what is noted as deleted is neither missing nor present', async () => {
      const { id } = await Project.make(db)
      await db.deletions.note(id, { source: 'notification', now: NOW, notBefore: AT.three })
      assert.equal(await db.deletions.markMissing(id, AT.one), undefined)
      await db.deletions.markPresent(id)
      assert.equal(stateOf(id), 'doomed')
    })

    test('a missing project may be noted, and goes on working until then', async () => {
      const project = await Project.make(db)
      await db.deletions.markMissing(project.id, AT.one)
      assert.equal(await db.secrets.insert(project.secret()), 'inserted')
      const deletion = { source: 'poll', now: AT.two, notBefore: AT.two } as const
      assert.equal(await db.deletions.note(project.id, deletion), 'noted')
    })
  })
}
