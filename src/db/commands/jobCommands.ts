import type { JobStep } from '../../domain/ports/jobs.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Job, JobState } from '../../model/job.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import { number, text } from '../rows/column.ts'
import { rowOfJob } from '../rows/jobRow.ts'
import type { Statements } from '../statement.ts'

export function* addJob(_dialect: Dialect, job: Job): Statements<void> {
  yield { ...insertInto('jobs', rowOfJob(job)), isAlone: true }
}

export function* advanceJob(dialect: Dialect, step: JobStep): Statements<boolean> {
  if (!(yield* isStepOurs(dialect, step))) return false
  yield* writeStep(dialect, step)
  return true
}

/** Asked ahead of all writing: who paused the job, or works on it as well, has changed its row. */
export function* isStepOurs(dialect: Dialect, step: JobStep): Statements<boolean> {
  const { rows } = yield {
    sql: `select jobs.state, jobs.revision from jobs where jobs.id = ?${dialect.forUpdate}`,
    params: [step.jobId],
  }
  const [row] = rows
  if (row === undefined) return false
  return text(row, 'state') === 'running' && number(row, 'revision') === step.revision
}

export function* writeStep(dialect: Dialect, step: JobStep): Statements<void> {
  let failed = 0
  for (const { kind, id, what } of step.failures) {
    // One that failed in an earlier lap as well is counted once.
    const { changes } = yield {
      sql: dialect.insertOrKeep('job_failures', ['job_id', 'kind', 'record_id', 'what']),
      params: [step.jobId, kind, id, what],
    }
    failed += changes
  }
  yield {
    sql:
      'update jobs set place = ?, done = done + ?, verified = verified + ?, failed = failed + ?, ' +
      'keys_destroyed = keys_destroyed + ?, revision = revision + 1, trouble = null, updated_at = ? ' +
      'where jobs.id = ?',
    params: [
      JSON.stringify(step.place),
      step.done,
      step.verified,
      failed,
      step.keysDestroyed,
      step.now,
      step.jobId,
    ],
  }
}

export function* troubleJob(_dialect: Dialect, id: string, what: string | null): Statements<void> {
  yield { sql: 'update jobs set trouble = ? where jobs.id = ?', params: [what, id], isAlone: true }
}

export function* endJob(
  _dialect: Dialect,
  { id, revision }: Pick<Job, 'id' | 'revision'>,
  state: 'done' | 'failed',
  now: Timestamp,
): Statements<boolean> {
  const { changes } = yield {
    sql:
      'update jobs set state = ?, trouble = null, updated_at = ? ' +
      "where jobs.id = ? and jobs.revision = ? and jobs.state = 'running'",
    params: [state, now, id, revision],
    isAlone: true,
  }
  return changes > 0
}

export function* turnJob(
  dialect: Dialect,
  id: string,
  state: Extract<JobState, 'running' | 'paused' | 'cancelled'>,
  now: Timestamp,
): Statements<'turned' | 'ended' | 'unknown'> {
  const { rows } = yield {
    sql: `select jobs.state from jobs where jobs.id = ?${dialect.forUpdate}`,
    params: [id],
  }
  const [row] = rows
  if (row === undefined) return 'unknown'
  if (!['running', 'paused'].includes(text(row, 'state'))) return 'ended'
  yield {
    sql: 'update jobs set state = ?, trouble = null, updated_at = ? where jobs.id = ?',
    params: [state, now, id],
  }
  return 'turned'
}
