import { unavailable } from '../../lib/fault.ts'
import type { Job, WalkedKind } from '../../model/job.ts'
import type { JobFailure } from '../ports/jobs.ts'
import type { WalkedRecord } from '../ports/rotation.ts'
import type { JobStepParts, Judged } from './jobSteps.ts'

/** More damage than this is no matter of single records. */
const MOST_KNOWN_FAILURES = 10_000

/** What a job could not do: each record is told and counted once, whoever finds it how often. */
export class RecordFindings {
  readonly #onEvent: JobStepParts['onEvent']
  readonly #names: Set<string>

  private constructor(onEvent: JobStepParts['onEvent'], known: readonly JobFailure[]) {
    this.#onEvent = onEvent
    this.#names = new Set(known.map(({ kind, id }) => `${kind} ${id}`))
  }

  /** With those that are known from before. */
  static async of(
    { jobs, onEvent }: Pick<JobStepParts, 'jobs' | 'onEvent'>,
    job: Job,
  ): Promise<RecordFindings> {
    return new RecordFindings(onEvent, await jobs.failures(job.id, MOST_KNOWN_FAILURES))
  }

  has(kind: WalkedKind, { id }: Pick<WalkedRecord, 'id'>): boolean {
    return this.#names.has(`${kind} ${id}`)
  }

  /** @throws Fault('unavailable') when there are so many that somebody should look first */
  take(job: Job, found: readonly Judged[]): readonly JobFailure[] {
    const failures = found.flatMap((it) => (it.outcome === 'failed' ? it.failure : []))
    for (const failure of failures) {
      const name = `${failure.kind} ${failure.id}`
      if (!this.#names.has(name)) this.#onEvent({ type: 'recordFailed', job, failure })
      this.#names.add(name)
    }
    if (this.#names.size > MOST_KNOWN_FAILURES) {
      throw unavailable(
        `More than ${MOST_KNOWN_FAILURES} records are damaged: look into that first.`,
      )
    }
    return failures
  }
}
