import type { Job, JobKind, JobPlace, JobScope, JobState } from '../../model/job.ts'
import type { Row, SqlValue } from '../statement.ts'
import { number, numberOrNull, text, textOrNull, time } from './column.ts'

export const JOB_COLUMNS = [
  'jobs.id',
  'jobs.kind',
  'jobs.state',
  'jobs.scope',
  'jobs.place',
  'jobs.revision',
  'jobs.total',
  'jobs.done',
  'jobs.verified',
  'jobs.failed',
  'jobs.keys_destroyed',
  'jobs.rate',
  'jobs.trouble',
  'jobs.created_at',
  'jobs.updated_at',
] as const

export function jobOfRow(row: Row): Job {
  return {
    id: text(row, 'id'),
    kind: text(row, 'kind') as JobKind,
    state: text(row, 'state') as JobState,
    scope: JSON.parse(text(row, 'scope')) as JobScope,
    place: JSON.parse(text(row, 'place')) as JobPlace,
    revision: number(row, 'revision'),
    total: number(row, 'total'),
    done: number(row, 'done'),
    verified: number(row, 'verified'),
    failed: number(row, 'failed'),
    keysDestroyed: number(row, 'keys_destroyed'),
    rate: numberOrNull(row, 'rate'),
    trouble: textOrNull(row, 'trouble'),
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

export function rowOfJob(job: Job): Readonly<Record<string, SqlValue>> {
  return {
    id: job.id,
    kind: job.kind,
    state: job.state,
    scope: JSON.stringify(job.scope),
    place: JSON.stringify(job.place),
    revision: job.revision,
    total: job.total,
    done: job.done,
    verified: job.verified,
    failed: job.failed,
    keys_destroyed: job.keysDestroyed,
    rate: job.rate,
    trouble: job.trouble,
    created_at: job.createdAt,
    updated_at: job.updatedAt,
  }
}
