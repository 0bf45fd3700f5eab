import type { Job, JobPlace } from '../../model/job.ts'
import type { JobFailure } from '../ports/jobs.ts'
import {
  after,
  type JobStepParts,
  type JobSteps,
  kindOf,
  PAGE,
  phase,
  placeBehind,
  positionOf,
  type Stepped,
  stepOf,
} from './jobSteps.ts'
import { ProjectTerms } from './projectTerms.ts'
import { RecordFindings } from './recordFindings.ts'
import { type AtHand, type Page, RecordPages } from './recordPages.ts'

const MOST_LAPS = 5
const NEVER_STILL: JobFailure = {
  kind: 'project-key',
  id: 'all',
  what: 'Something was still written under old keys when everything had been looked at five times: begin again.',
}

/**
 * Data keys and MACs of all records to the keys that are active, in their own store or another one (ADR 0046):
 *
 *   rewrap   every record that is not under the active key of its store
 *   mark     from here on no new record may use an old term
 *   settle   until nobody can have an old key in hand any more
 *   verify   opens what lies there, moves what came in late, destroys terms that nothing uses
 *   finish   terms that something damaged needs are what they were
 */
export class RecordSteps implements JobSteps {
  readonly #parts: JobStepParts
  readonly #pages: RecordPages
  #atHand: AtHand | undefined

  constructor(parts: JobStepParts) {
    this.#parts = parts
    this.#pages = new RecordPages(parts)
  }

  async step(job: Job, signal: AbortSignal): Promise<Stepped> {
    const atHand = await this.#of(job)
    switch (job.place.phase) {
      case 'begin':
        // A preference that others do not know yet would bring new records to where they were.
        return this.#goOn(
          job,
          phase(job.kind === 'project-move' ? 'announce' : 'rewrap', job.place),
        )
      case 'announce':
        return this.#settle(job, atHand, 'rewrap', signal)
      case 'rewrap':
        return this.#walk(job, atHand, (page) => this.#pages.rewrap(job, atHand, page))
      case 'mark':
        return this.#mark(job, atHand)
      case 'settle':
        return this.#settle(job, atHand, 'verify', signal)
      case 'verify':
        return this.#walk(job, atHand, (page) => this.#pages.verify(job, atHand, page))
      default:
        return this.#finish(job, atHand)
    }
  }

  async #of(job: Job): Promise<AtHand> {
    if (this.#atHand?.jobId === job.id) return this.#atHand
    this.#atHand = {
      jobId: job.id,
      findings: await RecordFindings.of(this.#parts, job),
      terms: undefined,
      settledFrom: undefined,
    }
    return this.#atHand
  }

  async #goOn(job: Job, place: JobPlace, failures: readonly JobFailure[] = []): Promise<Stepped> {
    const step = stepOf(job, place, this.#parts.clock, { failures })
    if (!(await this.#parts.jobs.advance(step))) return 'lost'
    return { job: after(job, step), records: 0 }
  }

  /** By our own clock, and all of it again after somebody else took over. */
  async #settle(job: Job, atHand: AtHand, next: string, signal: AbortSignal): Promise<Stepped> {
    const { clock, settleMs, wait } = this.#parts
    const key = `${job.place.phase} ${job.place.lap}`
    if (atHand.settledFrom?.key !== key) atHand.settledFrom = { key, sinceMs: clock.monotonicMs() }
    const leftMs = atHand.settledFrom.sinceMs + settleMs - clock.monotonicMs()
    if (leftMs <= 0) return this.#goOn(job, phase(next, job.place))
    await wait(Math.min(leftMs, 1_000), signal)
    // Paused or cancelled meanwhile?
    const present = await this.#parts.jobs.find(job.id)
    return present?.state === 'running' && present.revision === job.revision
      ? { job, records: 0 }
      : 'lost'
  }

  async #walk(job: Job, atHand: AtHand, work: (page: Page) => Promise<Stepped>): Promise<Stepped> {
    const { rotation } = this.#parts
    const { place } = job
    const projectId = place.projectId ?? (await rotation.projectAfter(undefined, job.scope))
    if (projectId === undefined) return this.#nextPhase(job)
    const terms = await this.#termsOf(job, atHand, projectId)
    const refused = this.#refusal(job, terms)
    if (refused !== undefined) return this.#goOn(job, phase('finish', job.place), [refused])
    const kind = kindOf(place)
    const limit = this.#parts.pace.page(PAGE, job.rate)
    const records = await rotation.walk({
      projectId,
      kind,
      after: positionOf(place),
      limit,
    })
    const here: JobPlace = { ...place, projectId, kind }
    const next = placeBehind(here, records, limit)
    // Nothing to write: how far it is goes with the next step that does.
    const stepped: Stepped =
      records.length > 0
        ? await work({ records, terms, place: here, next: next ?? endOf(here) })
        : { job: { ...job, place: next ?? endOf(here) }, records: 0 }
    if (stepped === 'lost' || stepped.job.place.id !== endOf(here).id) return stepped
    const ended = await this.#endProject(stepped.job, atHand, terms)
    return ended === 'lost' ? ended : { ...ended, records: Math.max(1, stepped.records) }
  }

  /** A move that the settings forbid ends here, whoever ordered it. */
  #refusal(
    { scope: { toStore } }: Job,
    { projectId, stores }: ProjectTerms,
  ): JobFailure | undefined {
    const what =
      toStore === undefined
        ? undefined
        : this.#parts.bindings.whyNotMoved(projectId, stores, toStore)
    return what === undefined ? undefined : { kind: 'project-key', id: 'all', what }
  }

  async #termsOf(
    job: Job,
    atHand: AtHand,
    projectId: ProjectTerms['projectId'],
  ): Promise<ProjectTerms> {
    if (atHand.terms?.projectId === projectId) return atHand.terms
    const { rotation, rewrapper } = this.#parts
    // Another process may have begun the next term.
    rewrapper.refresh(projectId)
    atHand.terms = new ProjectTerms(projectId, await rotation.keysOf(projectId), job.scope.toStore)
    return atHand.terms
  }

  async #endProject(job: Job, atHand: AtHand, terms: ProjectTerms): Promise<Stepped> {
    atHand.terms = undefined
    let present = job
    if (job.place.phase === 'verify') {
      const ended = await this.#destroyUnused(job, terms)
      if (ended === 'lost') return 'lost'
      present = ended
    }
    const next = await this.#parts.rotation.projectAfter(terms.projectId, job.scope)
    if (next === undefined) return this.#nextPhase(present)
    const { phase: name, lap, stragglers } = present.place
    return {
      job: { ...present, place: { phase: name, lap, stragglers, projectId: next } },
      records: 0,
    }
  }

  async #destroyUnused(job: Job, terms: ProjectTerms): Promise<Job | 'lost'> {
    const used = new Set(job.place.usedKeys ?? [])
    const unused = terms.marked.filter(({ hex }) => !used.has(hex)).map(({ id }) => id)
    // A term that ended while we worked: another lap.
    const stragglers = job.place.stragglers + terms.unmarked.length
    const place = { ...job.place, stragglers }
    if (unused.length === 0) return { ...job, place }
    const step = stepOf(job, place, this.#parts.clock)
    const keys = await this.#parts.rotation.destroy(step, unused)
    if (keys === 'lost') return 'lost'
    const done = after(job, step, keys)
    if (keys > 0) this.#parts.onEvent({ type: 'keysDestroyed', job: done, keys })
    return done
  }

  async #nextPhase(job: Job): Promise<Stepped> {
    const { phase: name, lap, stragglers } = job.place
    if (name === 'rewrap') return this.#goOn(job, phase('mark', job.place))
    if (name === 'mark') return this.#goOn(job, phase('settle', job.place))
    if (stragglers === 0) return this.#goOn(job, phase('finish', job.place))
    if (lap >= MOST_LAPS) return this.#goOn(job, phase('finish', job.place), [NEVER_STILL])
    return this.#goOn(job, { ...phase('mark', job.place), lap: lap + 1 })
  }

  async #mark(job: Job, atHand: AtHand): Promise<Stepped> {
    const { rotation, clock } = this.#parts
    const projectId = job.place.projectId ?? (await rotation.projectAfter(undefined, job.scope))
    if (projectId === undefined) return this.#nextPhase(job)
    atHand.terms = undefined
    const terms = new ProjectTerms(projectId, await rotation.keysOf(projectId), job.scope.toStore)
    const refused = this.#refusal(job, terms)
    if (refused !== undefined) return this.#goOn(job, phase('finish', job.place), [refused])
    let present = job
    if (terms.unmarked.length > 0) {
      const step = stepOf(job, { ...job.place, projectId }, clock)
      if ((await rotation.mark(step, projectId, job.scope.toStore)) === 'lost') return 'lost'
      present = after(job, step)
    }
    const next = await rotation.projectAfter(projectId, job.scope)
    if (next === undefined) return this.#nextPhase(present)
    return { job: { ...present, place: { ...present.place, projectId: next } }, records: 1 }
  }

  async #finish(job: Job, atHand: AtHand): Promise<Stepped> {
    const { rotation } = this.#parts
    const projectId = job.place.projectId ?? (await rotation.projectAfter(undefined, job.scope))
    if (projectId === undefined) return { job, records: 0, isAtEnd: true }
    atHand.terms = undefined
    const terms = new ProjectTerms(projectId, await rotation.keysOf(projectId), undefined)
    if (terms.marked.length > 0) await rotation.unmark(projectId)
    const next = await rotation.projectAfter(projectId, job.scope)
    if (next === undefined) return { job, records: 0, isAtEnd: true }
    return { job: { ...job, place: { ...job.place, projectId: next } }, records: 1 }
  }
}

/** Behind everything a project has: a year nobody makes records in. */
function endOf(place: JobPlace): JobPlace {
  return {
    ...place,
    createdAt: '9999-12-31T23:59:59.999999' as JobPlace['createdAt'] & {},
    id: '~',
  }
}
