import { unavailable } from '../../lib/fault.ts'
import type { Job, JobPlace } from '../../model/job.ts'
import type { JobFailure } from '../ports/jobs.ts'
import type { WalkedRecord } from '../ports/rotation.ts'
import {
  after,
  allJudged,
  type JobStepParts,
  type Judged,
  kindOf,
  type Stepped,
  stepOf,
} from './jobSteps.ts'
import type { ProjectTerms } from './projectTerms.ts'

/** More damage than this is no matter of single records. */
export const MOST_KNOWN_FAILURES = 10_000
const TRIES = 5

/** What is remembered of the job and the project at hand; whoever takes over asks anew. */
export interface AtHand {
  readonly jobId: string
  readonly failed: Set<string>
  terms: ProjectTerms | undefined
  settledFrom: { readonly key: string; readonly sinceMs: number } | undefined
}

/** A few records of one kind of one project. */
export interface Page {
  readonly records: readonly WalkedRecord[]
  readonly terms: ProjectTerms
  readonly place: JobPlace
  /** Behind it. */
  readonly next: JobPlace
}

/** Pages of records, moved to other keys, or opened as they lie there. */
export class RecordPages {
  readonly #parts: JobStepParts

  constructor(parts: JobStepParts) {
    this.#parts = parts
  }

  async rewrap(job: Job, atHand: AtHand, { records, terms, place, next }: Page): Promise<Stepped> {
    const wanted = records.filter((record) => isToDo(atHand, terms, place, record))
    for (let tries = 1; ; tries += 1) {
      const found = await this.#moveAll(job, place, wanted)
      const failures = this.#failuresOf(job, atHand, found)
      const step = stepOf(job, next, this.#parts.clock, { done: records.length, failures })
      // What somebody changed meanwhile is found when everything is looked at again.
      const outcome = await this.#parts.rotation.rewrap(step, movedOf(found))
      if (outcome === 'lost') return 'lost'
      if (outcome !== 'keyGone') return { job: after(job, step), records: records.length }
      if (tries === TRIES) throw new Error(`The keys of project ${terms.projectId} keep changing.`)
      this.#parts.rewrapper.purge(terms.projectId)
    }
  }

  async verify(job: Job, atHand: AtHand, page: Page): Promise<Stepped> {
    const { records, terms, place, next } = page
    const kind = kindOf(place)
    const late = records.filter((record) => isToDo(atHand, terms, place, record))
    // What came in late is moved first, and the page is looked at again: who changes a record meanwhile may leave its
    // data key under the old term.
    const moved = late.length === 0 ? 'nothing' : await this.#moveLate(job, atHand, page, late)
    if (moved !== 'nothing') return moved
    const isLate = new Set(late)
    const sound = records.filter(
      (record) => !isLate.has(record) && !atHand.failed.has(`${kind} ${record.id}`),
    )
    const failures = this.#failuresOf(job, atHand, await this.#proveAll(job, place, sound))
    const kept = records.filter(
      (record) => isLate.has(record) || atHand.failed.has(`${kind} ${record.id}`),
    )
    const step = stepOf(job, withUsed(next, place, terms, kept), this.#parts.clock, {
      verified: records.length,
      failures,
    })
    if (!(await this.#parts.jobs.advance(step))) return 'lost'
    return { job: after(job, step), records: records.length }
  }

  /** 'nothing': they belong to a project that was deleted meanwhile, and go with it. */
  async #moveLate(
    job: Job,
    atHand: AtHand,
    { terms, place }: Page,
    late: readonly WalkedRecord[],
  ): Promise<Stepped | 'nothing'> {
    const found = await this.#moveAll(job, place, late)
    const failures = this.#failuresOf(job, atHand, found)
    const moved = movedOf(found)
    if (moved.length === 0 && failures.length === 0) return 'nothing'
    // Somebody may have the record in hand as it was: its old key stays for another lap.
    const here = withUsed(place, place, terms, late)
    const counted = { ...here, stragglers: place.stragglers + moved.length }
    const step = stepOf(job, counted, this.#parts.clock, { failures })
    const outcome = await this.#parts.rotation.rewrap(step, moved)
    if (outcome === 'lost') return 'lost'
    if (outcome === 'keyGone') this.#parts.rewrapper.purge(terms.projectId)
    atHand.terms = undefined
    return { job: outcome === 'keyGone' ? job : after(job, step), records: late.length }
  }

  #moveAll(
    { scope }: Job,
    place: JobPlace,
    records: readonly WalkedRecord[],
  ): Promise<readonly Judged[]> {
    const kind = kindOf(place)
    const { rewrapper } = this.#parts
    return allJudged(this.#parts, kind, idsOf(records), (id) => async (record, sealed) => {
      const moved = await rewrapper.rewrap(record, sealed, scope.toStore)
      return { kind, id, verifiedMac: record.rowMac, ...moved }
    })
  }

  #proveAll(
    { scope: { verify } }: Job,
    place: JobPlace,
    records: readonly WalkedRecord[],
  ): Promise<readonly Judged[]> {
    if (verify === 'none') return Promise.resolve([])
    return allJudged(this.#parts, kindOf(place), idsOf(records), () => async (record, sealed) => {
      await this.#parts.rewrapper.prove(record, sealed, verify)
      return undefined
    })
  }

  #failuresOf(job: Job, atHand: AtHand, found: readonly Judged[]): readonly JobFailure[] {
    const failures = found.flatMap((it) => (it.outcome === 'failed' ? it.failure : []))
    for (const failure of failures) {
      const name = `${failure.kind} ${failure.id}`
      if (!atHand.failed.has(name)) this.#parts.onEvent({ type: 'recordFailed', job, failure })
      atHand.failed.add(name)
    }
    if (atHand.failed.size > MOST_KNOWN_FAILURES) {
      throw unavailable(
        `More than ${MOST_KNOWN_FAILURES} records are damaged: look into that first.`,
      )
    }
    return failures
  }
}

function isToDo(
  { failed }: AtHand,
  terms: ProjectTerms,
  place: JobPlace,
  record: WalkedRecord,
): boolean {
  return terms.isToMove(record) && !failed.has(`${kindOf(place)} ${record.id}`)
}

function idsOf(records: readonly WalkedRecord[]): readonly string[] {
  return records.map(({ id }) => id)
}

function movedOf(found: readonly Judged[]) {
  return found.flatMap((it) => (it.outcome === 'moved' ? it.record : []))
}

/** A place that remembers which keys on their way out these records need. */
function withUsed(
  place: JobPlace,
  { usedKeys = [] }: JobPlace,
  terms: ProjectTerms,
  records: readonly WalkedRecord[],
): JobPlace {
  const needed = records.flatMap((record) => terms.markedOf(record))
  return { ...place, usedKeys: [...new Set([...usedKeys, ...needed])] }
}
