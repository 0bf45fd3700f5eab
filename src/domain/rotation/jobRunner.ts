import { Fault } from '../../lib/fault.ts'
import type { Job, JobKind } from '../../model/job.ts'
import { FormatSteps } from './formatSteps.ts'
import type { JobStepParts, JobSteps } from './jobSteps.ts'
import { KekRewrapSteps, ProjectKeySteps } from './keySteps.ts'
import { RecordSteps } from './recordSteps.ts'

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/** Works off jobs, the oldest first, in small steps. Whatever ends this process, another goes on behind the last one. */
export class JobRunner {
  readonly #parts: JobStepParts
  readonly #steps: { readonly [Kind in JobKind]: JobSteps }

  constructor(parts: JobStepParts) {
    this.#parts = parts
    this.#steps = {
      'kek-rewrap': new KekRewrapSteps(parts),
      'project-keys': new ProjectKeySteps(parts),
      'data-keys': new RecordSteps(parts),
      'project-move': new RecordSteps(parts),
      formats: new FormatSteps(parts),
    }
  }

  /** Until there is none, or the signal is aborted; returns soon after. Never rejects for what a job meets. */
  async workUntil(signal: AbortSignal): Promise<void> {
    let pauseMs = FIRST_PAUSE_MS
    while (!signal.aborted) {
      let job: Job | undefined
      try {
        job = await this.#parts.jobs.next()
        if (job === undefined) return
        await this.#work(job, signal)
        pauseMs = FIRST_PAUSE_MS
      } catch (error) {
        if (job === undefined) return
        await this.#blocked(job, error)
        await this.#parts.wait(pauseMs, signal)
        pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2)
      }
    }
  }

  async #work(first: Job, signal: AbortSignal): Promise<void> {
    const { pace, clock, onEvent } = this.#parts
    const steps = this.#steps[first.kind]
    onEvent({ type: 'began', job: first })
    for (let job = first; !signal.aborted; ) {
      const sinceMs = clock.monotonicMs()
      const stepped = await steps.step(job, signal)
      if (stepped === 'lost') return onEvent({ type: 'left', job })
      const { job: present, records, isAtEnd = false } = stepped
      const done = present.done - job.done
      const verified = present.verified - job.verified
      onEvent({ type: 'advanced', job: present, done, verified })
      if (isAtEnd) return this.#end(present)
      job = present
      const busyMs = clock.monotonicMs() - sinceMs
      if (records > 0) await pace.rest({ busyMs, records }, job.rate, signal)
    }
    onEvent({ type: 'left', job: first })
  }

  async #end(job: Job): Promise<void> {
    const { jobs, clock, onEvent } = this.#parts
    const present = (await jobs.find(job.id)) ?? job
    const state = present.failed > 0 ? 'failed' : 'done'
    const isOurs = await jobs.end(job, state, clock.now())
    onEvent(isOurs ? { type: 'ended', job: { ...present, state } } : { type: 'left', job })
  }

  /** What is away comes back; what is our bug wants the log read, and the job paused. */
  async #blocked(job: Job, cause: unknown): Promise<void> {
    const error = cause instanceof Error ? cause : new Error(String(cause))
    this.#parts.onEvent({ type: 'blocked', job, error })
    const what =
      error instanceof Fault ? error.message : 'Something failed that should not have; see the log.'
    await this.#parts.jobs.trouble(job.id, what).catch(() => undefined)
  }
}
