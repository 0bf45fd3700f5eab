import { Fault, unavailable } from '../../lib/fault.ts'
import type { Job } from '../../model/job.ts'
import type { WrappedKey } from '../ports/crypto.ts'
import type { JobFailure } from '../ports/jobs.ts'
import type { ProjectKeyRow } from '../ports/keyRepositories.ts'
import { after, type JobStepParts, type JobSteps, phase, type Stepped, stepOf } from './jobSteps.ts'
import { hexOf } from './projectTerms.ts'

type Parts = Pick<JobStepParts, 'jobs' | 'rotation' | 'rewrapper' | 'clock' | 'pace' | 'onEvent'>

/** Each is a call or two to the KEK store, which may be a slow one. */
const KEYS = 8
/** A node that wraps under the KEK that was, until it hears of the new one. */
const MOST_LAPS = 10

/** The next term for each project key that the scope names: those that the job itself made are younger, and left alone. */
export class ProjectKeySteps implements JobSteps {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async step(job: Job): Promise<Stepped> {
    const { rotation, rewrapper, jobs, clock } = this.#parts
    const rows = await rotation.keysAfter(
      job.place.keyId,
      job.scope,
      'active',
      this.#parts.pace.page(KEYS, job.rate),
    )
    const last = rows.at(-1)
    if (last === undefined) return { job, records: 0, isAtEnd: true }
    const failures: JobFailure[] = []
    for (const row of rows) {
      const failure = await findingOf(row, () => rewrapper.nextTerm(row))
      if (failure !== undefined) failures.push(failure)
    }
    for (const failure of failures) this.#parts.onEvent({ type: 'recordFailed', job, failure })
    const step = stepOf(job, { ...phase('rotate', job.place), keyId: hexOf(last.id) }, clock, {
      done: rows.length,
      failures,
    })
    if (!(await jobs.advance(step))) return 'lost'
    return { job: after(job, step), records: rows.length }
  }
}

/** All project keys of a store under its current KEK; then each is opened once more as it lies there. */
export class KekRewrapSteps implements JobSteps {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async step(job: Job): Promise<Stepped> {
    const { rotation, clock } = this.#parts
    this.#refuseOtherKek(job)
    const isVerifying = job.place.phase === 'verify'
    const rows = await rotation.keysAfter(
      job.place.keyId,
      job.scope,
      'all',
      this.#parts.pace.page(KEYS, job.rate),
    )
    const last = rows.at(-1)
    if (last === undefined) return this.#endWalk(job)
    const failures: JobFailure[] = []
    const wrapped: { id: ProjectKeyRow['id']; before: WrappedKey; after: WrappedKey }[] = []
    let lateKeys = 0
    for (const row of rows) {
      const failure = await findingOf(row, async () => {
        const moved = await this.#parts.rewrapper.rewrapKey(row)
        if (moved !== undefined) {
          wrapped.push({ id: row.id, before: row.wrapped, after: moved })
          if (isVerifying) lateKeys += 1
        } else if (isVerifying && job.scope.verify !== 'none') {
          await this.#parts.rewrapper.proveKey(row)
        }
      })
      if (failure !== undefined) failures.push(failure)
    }
    for (const failure of failures) this.#parts.onEvent({ type: 'recordFailed', job, failure })
    const place = {
      ...job.place,
      phase: isVerifying ? 'verify' : 'rewrap',
      keyId: hexOf(last.id),
      stragglers: job.place.stragglers + lateKeys,
    }
    const step = stepOf(job, place, clock, {
      [isVerifying ? 'verified' : 'done']: rows.length,
      failures,
    })
    if ((await rotation.rewrapKeys(step, wrapped)) === 'lost') return 'lost'
    return { job: after(job, step), records: rows.length }
  }

  /** A process that has not heard of the new KEK would bring everything back under the old one. */
  #refuseOtherKek({ scope: { store, kekId } }: Job): void {
    if (store === undefined || kekId === undefined) return
    const current = this.#parts.rewrapper.currentKek(store)
    if (current === kekId) return
    throw unavailable(`This process wraps under KEK ${current}, and ${kekId} is wanted.`)
  }

  async #endWalk(job: Job): Promise<Stepped> {
    const { jobs, clock } = this.#parts
    const { phase: name, lap, stragglers } = job.place
    const isClean = name === 'verify' && stragglers === 0
    if (isClean || lap >= MOST_LAPS) return { job, records: 0, isAtEnd: true }
    const place = { ...phase('verify', job.place), lap: lap + 1 }
    const step = stepOf(job, place, clock)
    if (!(await jobs.advance(step))) return 'lost'
    return { job: after(job, step), records: 0 }
  }
}

async function findingOf(
  row: ProjectKeyRow,
  work: () => Promise<void>,
): Promise<JobFailure | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    // Its project was deleted meanwhile.
    if (error.kind === 'notFound' || error.kind === 'forbidden') return undefined
    // 'conflict': its project is bound to another store, and wants to be moved there first.
    if (error.kind !== 'corrupted' && error.kind !== 'conflict') throw error
    return { kind: 'project-key', id: hexOf(row.id), what: error.message }
  }
}
