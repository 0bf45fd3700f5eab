import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { before, describe, test } from 'node:test'
import type { JobRepository, JobStep } from '../../src/domain/ports/jobs.ts'
import { newJob } from '../../src/domain/rotation/newJob.ts'
import type { Job } from '../../src/model/job.ts'
import { NOW } from './recordsForRepositories.ts'

const aJob = (): Job =>
  newJob({
    id: randomUUID(),
    kind: 'data-keys',
    scope: { verify: 'dek', projectId: 'Größe 🔑' as never },
    total: 2 ** 40,
    rate: 200,
    now: NOW,
  })

const stepOf = (job: Job, changes: Partial<JobStep> = {}): JobStep => ({
  jobId: job.id,
  revision: job.revision,
  place: { phase: 'rewrap', lap: 1, stragglers: 0, kind: 'secret', id: 'x' },
  done: 3,
  verified: 2,
  keysDestroyed: 1,
  failures: [],
  now: NOW,
  ...changes,
})

/** What every JobRepository answers. */
export function jobRepositoryContract(
  name: string,
  open: () => Promise<{ readonly jobs: JobRepository }>,
): void {
  describe(`jobs, ${name}`, () => {
    let jobs: JobRepository
    before(async () => {
      jobs = (await open()).jobs
    })
    const added = async (): Promise<Job> => {
      const job = aJob()
      await jobs.add(job)
      return job
    }

    test('a job is found as it was added', async () => {
      const job = await added()
      assert.deepEqual(await jobs.find(job.id), job)
      assert.equal(await jobs.find(randomUUID()), undefined)
      assert.ok((await jobs.list(1000)).some(({ id }) => id === job.id))
      await jobs.turn(job.id, 'cancelled', NOW)
    })

    test('of two steps at one revision one is taken, with all that it says', async () => {
      const job = await added()
      const failures = [{ kind: 'secret', id: 's', what: 'It is damaged.' }] as const
      const taken = await Promise.all([
        jobs.advance(stepOf(job, { failures })),
        jobs.advance(stepOf(job, { failures })),
      ])
      assert.deepEqual(taken.toSorted(), [false, true])
      const now = await jobs.find(job.id)
      assert.deepEqual(
        [now?.revision, now?.done, now?.verified, now?.failed, now?.keysDestroyed],
        [1, 3, 2, 1, 1],
      )
      assert.deepEqual(now?.place, stepOf(job).place)
      assert.deepEqual(await jobs.failures(job.id, 10), failures)
      // The same record once more counts no more.
      assert.equal(await jobs.advance(stepOf(job, { revision: 1, failures })), true)
      assert.equal((await jobs.find(job.id))?.failed, 1)
      await jobs.turn(job.id, 'cancelled', NOW)
    })

    test('a job that pauses takes no step, and one that ended is not turned', async () => {
      const job = await added()
      assert.equal(await jobs.turn(job.id, 'paused', NOW), 'turned')
      assert.equal(await jobs.advance(stepOf(job)), false)
      assert.equal(await jobs.end(job, 'done', NOW), false)
      assert.equal(await jobs.turn(job.id, 'running', NOW), 'turned')
      assert.equal(await jobs.end({ id: job.id, revision: 7 }, 'done', NOW), false)
      assert.equal(await jobs.end(job, 'failed', NOW), true)
      assert.equal(await jobs.turn(job.id, 'running', NOW), 'ended')
      assert.equal(await jobs.turn(randomUUID(), 'running', NOW), 'unknown')
    })

    test('what ails it is said, and forgotten with its next step', async () => {
      const job = await added()
      await jobs.trouble(job.id, 'The KEK store is away.')
      assert.equal((await jobs.find(job.id))?.trouble, 'The KEK store is away.')
      await jobs.advance(stepOf(job))
      assert.equal((await jobs.find(job.id))?.trouble, null)
      assert.equal((await jobs.next())?.id, job.id)
      await jobs.turn(job.id, 'cancelled', NOW)
      assert.equal(await jobs.next(), undefined)
    })
  })
}
