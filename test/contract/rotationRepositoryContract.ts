import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, describe, test } from 'node:test'
import type { JobRepository, JobStep } from '../../src/domain/ports/jobs.ts'
import type { ProjectKeyRepository, ProjectKeyRow } from '../../src/domain/ports/keyRepositories.ts'
import type { RotationRepository } from '../../src/domain/ports/rotation.ts'
import { newJob } from '../../src/domain/rotation/newJob.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import type { Job } from '../../src/model/job.ts'
import {
  aProjectKey,
  NOW,
  newProjectId,
  Project,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

interface Subject extends RepositoriesUnderTest {
  readonly jobs: JobRepository
  readonly rotation: RotationRepository
}

const hex = (id: Uint8Array) => Buffer.from(id).toString('hex')

/** What every RotationRepository answers about keys; records are rotated through the door (test/api/rotation.test.ts). */
export function rotationRepositoryContract(name: string, open: () => Promise<Subject>): void {
  describe(`rotation, ${name}`, () => {
    let jobs: JobRepository
    let rotation: RotationRepository
    let keys: ProjectKeyRepository
    let subject: Subject
    before(async () => {
      subject = await open()
      jobs = subject.jobs
      rotation = subject.rotation
      keys = subject.projectKeys
    })

    const aStep = async (): Promise<JobStep> => {
      const scope = { verify: 'dek' } as const
      const request = { id: randomUUID(), kind: 'data-keys', scope, total: 0, rate: null, now: NOW }
      const job: Job = newJob(request as Parameters<typeof newJob>[0])
      await jobs.add(job)
      return {
        jobId: job.id,
        revision: 0,
        place: job.place,
        done: 0,
        verified: 0,
        keysDestroyed: 0,
        failures: [],
        now: NOW,
      }
    }
    const twoTerms = async (
      projectId: ProjectId,
    ): Promise<readonly [ProjectKeyRow, ProjectKeyRow]> => {
      const rows = [aProjectKey(projectId, 1), aProjectKey(projectId, 2)] as const
      for (const row of rows) await keys.activate(row)
      return rows
    }
    const statesOf = async (projectId: ProjectId) =>
      new Map((await rotation.keysOf(projectId)).map((row) => [hex(row.id), row.state]))

    test('the terms before the active one are marked, destroyed, and no other', async () => {
      const projectId = newProjectId()
      const [old, active] = await twoTerms(projectId)
      // Not marked: it stays.
      const first = await aStep()
      assert.equal(await rotation.destroy(first, [old.id]), 0)
      const second = { ...first, revision: 1 }
      assert.equal(await rotation.mark(second, projectId, undefined), 1)
      assert.deepEqual(
        await statesOf(projectId),
        new Map([
          [hex(old.id), 'destroying'],
          [hex(active.id), 'active'],
        ]),
      )
      assert.equal((await keys.find(old.id))?.wrapped.blob.length, old.wrapped.blob.length)
      const third = { ...first, revision: 2 }
      assert.equal(await rotation.destroy(third, [old.id, active.id]), 1)
      assert.equal(await keys.find(old.id), undefined)
      assert.deepEqual([...(await statesOf(projectId)).values()], ['active'])
    })

    test('a mark is taken back', async () => {
      const projectId = newProjectId()
      const [old] = await twoTerms(projectId)
      await rotation.mark(await aStep(), projectId, undefined)
      await rotation.unmark(projectId)
      assert.equal((await statesOf(projectId)).get(hex(old.id)), 'decrypt-only')
    })

    test('to leave a store its active term is marked too, but not before there is one to go to', async () => {
      const projectId = newProjectId()
      const here = aProjectKey(projectId)
      await keys.activate(here)
      const step = await aStep()
      assert.equal(await rotation.mark(step, projectId, 'keyring:b'), 0)
      const there = aProjectKey(projectId, 1, 'keyring:b')
      await keys.activate(there)
      assert.equal(await rotation.mark({ ...step, revision: 1 }, projectId, 'keyring:b'), 1)
      const states = await statesOf(projectId)
      assert.deepEqual(
        [states.get(hex(here.id)), states.get(hex(there.id))],
        ['destroying', 'active'],
      )
      // Whoever comes back is told which term follows.
      assert.deepEqual(await keys.activate(aProjectKey(projectId)), { nextTerm: 2 })
      const back = aProjectKey(projectId, 2)
      const inForce = await keys.activate(back)
      assert.ok(typeof inForce === 'object' && 'id' in inForce && hex(inForce.id) === hex(back.id))
    })

    test("a step of a job that is another one's by now writes nothing", async () => {
      const projectId = newProjectId()
      const [old] = await twoTerms(projectId)
      const step = { ...(await aStep()), revision: 5 }
      assert.equal(await rotation.mark(step, projectId, undefined), 'lost')
      assert.equal(await rotation.rewrap(step, []), 'lost')
      assert.equal(await rotation.destroy(step, [old.id]), 'lost')
      const after = { kekId: 'new', blob: Uint8Array.of(1) }
      const change = { id: old.id, before: old.wrapped, after }
      assert.equal(await rotation.rewrapKeys(step, [change]), 'lost')
      assert.equal((await statesOf(projectId)).get(hex(old.id)), 'decrypt-only')
    })

    test('of a page each record gets its own MAC and envelope, and who changed meanwhile is named and left alone', async () => {
      const project = await Project.make(subject)
      const changed = project.secret()
      const all = [project.secret(), changed, project.secret({ envelope: null })]
      for (const secret of all) assert.equal(await subject.secrets.insert(secret), 'inserted')
      const pages = all.map(({ id, rowMac, envelope }) => ({
        kind: 'secret' as const,
        id,
        verifiedMac: id === changed.id ? project.mac() : rowMac,
        rowMac: project.mac(),
        sealed: envelope === null ? null : project.envelope(),
      }))
      assert.deepEqual(await rotation.rewrap(await aStep(), pages), { stale: [changed.id] })
      const bytes = (value: Uint8Array | null | undefined) => value && Buffer.from(value)
      for (const [index, secret] of all.entries()) {
        const { rowMac, sealed } = pages[index] ?? {}
        const isLeft = secret.id === changed.id
        const found = await subject.secrets.find(secret.id)
        assert.deepEqual(bytes(found?.rowMac), bytes(isLeft ? secret.rowMac : rowMac))
        assert.deepEqual(bytes(found?.envelope), bytes(isLeft ? secret.envelope : sealed))
      }
    })

    test('a project key is wrapped anew only while it is wrapped as it was read', async () => {
      const row = aProjectKey(newProjectId())
      await keys.activate(row)
      const step = await aStep()
      const after = { kekId: `kek-${hex(row.id)}`, blob: new Uint8Array(61).fill(7) }
      const change = { id: row.id, before: row.wrapped, after }
      assert.deepEqual(await rotation.rewrapKeys(step, [change]), { stale: 0 })
      assert.deepEqual(await rotation.rewrapKeys({ ...step, revision: 1 }, [change]), { stale: 1 })
      const found = await keys.find(row.id)
      assert.equal(found?.wrapped.kekId, after.kekId)
      assert.deepEqual(new Uint8Array(found?.wrapped.blob ?? []), after.blob)
      const counted = (await rotation.keysByKek()).find(({ kekId }) => kekId === after.kekId)
      assert.deepEqual(counted, { store: row.store, kekId: after.kekId, keys: 1 })
    })

    test('projects and terms are gone through from one to the next', async () => {
      const made = new Set<string>()
      for (let index = 0; index < 5; index += 1) {
        const row = aProjectKey(newProjectId())
        await keys.activate(row)
        made.add(row.projectId)
      }
      const projects: string[] = []
      const scope = { verify: 'dek' } as const
      for (let at = await rotation.projectAfter(undefined, scope); at !== undefined; ) {
        projects.push(at)
        at = await rotation.projectAfter(at, scope)
      }
      assert.deepEqual(projects, [...new Set(projects)])
      assert.equal(projects.filter((project) => made.has(project)).length, 5)
      const seen = new Set<string>()
      for (let after: string | undefined; ; ) {
        const page = await rotation.keysAfter(after, scope, 'active', 3)
        for (const row of page) seen.add(row.projectId)
        const last = page.at(-1)
        if (last === undefined) break
        after = hex(last.id)
      }
      assert.deepEqual(
        [...made].filter((project) => !seen.has(project)),
        [],
      )
      assert.equal(
        await rotation.countKeys({ ...scope, projectId: [...made][0] as never }, 'all'),
        1,
      )
    })
  })
}
