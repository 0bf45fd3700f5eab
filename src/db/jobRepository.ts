import type { JobFailure, JobRepository, JobStep } from '../domain/ports/jobs.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Job, JobState } from '../model/job.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { text } from './rows/column.ts'
import { JOB_COLUMNS, jobOfRow } from './rows/jobRow.ts'

const SELECT = `select ${JOB_COLUMNS.join(', ')} from jobs`
const FIND = `${SELECT} where jobs.id = ?`
const LIST = `${SELECT} order by jobs.created_at desc, jobs.id limit ?`
const NEXT = `${SELECT} where jobs.state = 'running' order by jobs.created_at, jobs.id limit 1`
const FAILURES =
  'select job_failures.kind, job_failures.record_id, job_failures.what from job_failures ' +
  'where job_failures.job_id = ? order by job_failures.kind, job_failures.record_id limit ?'

export interface JobRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlJobRepository implements JobRepository {
  readonly #parts: JobRepositoryParts

  constructor(parts: JobRepositoryParts) {
    this.#parts = parts
  }

  async add(job: Job): Promise<void> {
    return this.#parts.commands.run('addJob', job)
  }

  async find(id: string): Promise<Job | undefined> {
    const row = await this.#parts.reads.first(FIND, id)
    return row && jobOfRow(row)
  }

  async list(limit: number): Promise<readonly Job[]> {
    return (await this.#parts.reads.all(LIST, limit)).map(jobOfRow)
  }

  async next(): Promise<Job | undefined> {
    const row = await this.#parts.reads.first(NEXT)
    return row && jobOfRow(row)
  }

  async advance(step: JobStep): Promise<boolean> {
    return this.#parts.commands.run('advanceJob', step)
  }

  async trouble(id: string, what: string | null): Promise<void> {
    return this.#parts.commands.run('troubleJob', id, what)
  }

  async end(
    job: Pick<Job, 'id' | 'revision'>,
    state: 'done' | 'failed',
    now: Timestamp,
  ): Promise<boolean> {
    const { id, revision } = job
    return this.#parts.commands.run('endJob', { id, revision }, state, now)
  }

  async turn(
    id: string,
    state: Extract<JobState, 'running' | 'paused' | 'cancelled'>,
    now: Timestamp,
  ): Promise<'turned' | 'ended' | 'unknown'> {
    return this.#parts.commands.run('turnJob', id, state, now)
  }

  async failures(id: string, limit: number): Promise<readonly JobFailure[]> {
    const rows = await this.#parts.reads.all(FAILURES, id, limit)
    return rows.map((row) => ({
      kind: text(row, 'kind') as JobFailure['kind'],
      id: text(row, 'record_id'),
      what: text(row, 'what'),
    }))
  }
}
