import type { Timestamp } from '../../lib/timestamp.ts'
import type { Job } from '../../model/job.ts'

export interface JobRequest extends Pick<Job, 'id' | 'kind' | 'scope' | 'total' | 'rate'> {
  readonly now: Timestamp
}

/** A job before its first step. */
export function newJob({ now, ...request }: JobRequest): Job {
  return {
    ...request,
    state: 'running',
    place: { phase: 'begin', lap: 1, stragglers: 0 },
    revision: 0,
    done: 0,
    verified: 0,
    failed: 0,
    keysDestroyed: 0,
    trouble: null,
    createdAt: now,
    updatedAt: now,
  }
}
