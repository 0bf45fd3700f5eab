import type { Timestamp } from '../../lib/timestamp.ts'
import type { Job, JobPlace, JobState } from '../../model/job.ts'

/** A record or key that a job could not do. */
export interface JobFailure {
  readonly kind: 'secret' | 'container' | 'order' | 'project-key'
  readonly id: string
  readonly what: string
}

/** What one step of a job has done, committed together with what it wrote. */
export interface JobStep {
  readonly jobId: string
  /** The revision that the step began at; another one by now means that it is somebody else's, and nothing is written. */
  readonly revision: number
  readonly place: JobPlace
  readonly done: number
  readonly verified: number
  readonly keysDestroyed: number
  readonly failures: readonly JobFailure[]
  readonly now: Timestamp
}

/** Work in the background (ADR 0046). A job is worked on by who holds the lease, and changed by anybody. */
export interface JobRepository {
  add(job: Job): Promise<void>
  find(id: string): Promise<Job | undefined>
  /** The newest first. */
  list(limit: number): Promise<readonly Job[]>
  /** The oldest one that is running. A read, so that nothing to do costs no write. */
  next(): Promise<Job | undefined>
  /** false: it is not running, or at another revision; nothing was written. */
  advance(step: JobStep): Promise<boolean>
  /** Why it does not get on; null: it does again. */
  trouble(id: string, what: string | null): Promise<void>
  /** Ends it, if it is still at this revision. */
  end(job: Pick<Job, 'id' | 'revision'>, state: 'done' | 'failed', now: Timestamp): Promise<boolean>
  /** What an operator says; 'ended': it had come to its end before. */
  turn(
    id: string,
    state: Extract<JobState, 'running' | 'paused' | 'cancelled'>,
    now: Timestamp,
  ): Promise<'turned' | 'ended' | 'unknown'>
  failures(id: string, limit: number): Promise<readonly JobFailure[]>
}
