import type { Job, JobPlace } from '../../model/job.ts'
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
import type { RecordFindings } from './recordFindings.ts'
import { movedOf, writeRecords } from './writeRecords.ts'

/** What is remembered of the job and the project at hand; whoever takes over asks anew. */
export interface AtHand {
  readonly jobId: string
  readonly findings: RecordFindings
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
    const step = await writeRecords(
      this.#parts,
      terms.projectId,
      () => this.#moveAll(job, place, wanted),
      (found) => {
        const failures = atHand.findings.take(job, found)
        return stepOf(job, next, this.#parts.clock, { done: records.length, failures })
      },
    )
    return step === 'lost' ? 'lost' : { job: after(job, step), records: records.length }
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
      (record) => !isLate.has(record) && !atHand.findings.has(kind, record),
    )
    const failures = atHand.findings.take(job, await this.#proveAll(job, place, sound))
    const kept = records.filter((record) => isLate.has(record) || atHand.findings.has(kind, record))
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
    const failures = atHand.findings.take(job, found)
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
}

function isToDo(
  { findings }: AtHand,
  terms: ProjectTerms,
  place: JobPlace,
  record: WalkedRecord,
): boolean {
  return terms.isToMove(record) && !findings.has(kindOf(place), record)
}

function idsOf(records: readonly WalkedRecord[]): readonly string[] {
  return records.map(({ id }) => id)
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
