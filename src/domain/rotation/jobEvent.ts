import type { Job } from '../../model/job.ts'
import type { JobFailure } from '../ports/jobs.ts'

/** What those who look on are told of a job. No event holds key material. */
export type JobEvent =
  | { readonly type: 'began'; readonly job: Job }
  | {
      readonly type: 'advanced'
      readonly job: Job
      readonly done: number
      readonly verified: number
    }
  | { readonly type: 'recordFailed'; readonly job: Job; readonly failure: JobFailure }
  | { readonly type: 'keysDestroyed'; readonly job: Job; readonly keys: number }
  /** It stopped here before its end: paused, cancelled, or another's by now. */
  | { readonly type: 'left'; readonly job: Job }
  | { readonly type: 'ended'; readonly job: Job }
  /** It does not get on; it is tried again by itself. */
  | { readonly type: 'blocked'; readonly job: Job; readonly error: Error }
