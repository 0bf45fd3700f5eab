import type { Job, JobPlace } from '../../model/job.ts'
import type { JobFailure } from '../ports/jobs.ts'
import type { FormatStanding, WalkedRecord } from '../ports/rotation.ts'
import {
  after,
  allJudged,
  type JobStepParts,
  type JobSteps,
  type Judged,
  kindOf,
  PAGE,
  phase,
  placeBehind,
  positionOf,
  type Stepped,
  stepOf,
} from './jobSteps.ts'
import { RecordFindings } from './recordFindings.ts'
import { movedOf, writeRecords } from './writeRecords.ts'

const MOST_LAPS = 5
const NEVER_STILL: JobFailure = {
  kind: 'secret',
  id: 'all',
  what: 'Something was still written in an older format when everything had been looked at five times: is every server of this release?',
}

/**
 * Envelopes of older formats to the one that this release seals in (ADR 0059):
 *
 *   reseal   every record in a format that is opened, and not sealed in any more
 *   verify   opens all that lies there, reseals what came in late; not where nothing was in an older format
 *
 * What is in none that this release opens is a finding, and left as it is.
 */
export class FormatSteps implements JobSteps {
  readonly #parts: JobStepParts
  #atHand: { readonly jobId: string; readonly findings: RecordFindings } | undefined

  constructor(parts: JobStepParts) {
    this.#parts = parts
  }

  async step(job: Job): Promise<Stepped> {
    const { rotation, pace } = this.#parts
    const findings = await this.#findingsOf(job)
    const isVerifying = job.place.phase === 'verify'
    const projectId = job.place.projectId ?? (await rotation.projectAfter(undefined, job.scope))
    if (projectId === undefined) return { job, records: 0, isAtEnd: true }
    const kind = kindOf(job.place)
    const here = { ...job.place, phase: isVerifying ? 'verify' : 'reseal', projectId, kind }
    const limit = pace.page(PAGE, job.rate)
    const records = await rotation.walk({
      projectId,
      kind,
      after: positionOf(here),
      limit,
    })
    const behind = placeBehind(here, records, limit) ?? (await this.#nextProject(job, here))
    const sound = records.filter((record) => !findings.has(kind, record))
    let next: JobPlace | undefined
    const step = await writeRecords(
      this.#parts,
      projectId,
      () => this.#judgeAll(job, here, sound),
      (found) => {
        const stragglers = here.stragglers + movedOf(found).length
        next = behind === undefined ? nextWalk({ ...here, stragglers }) : { ...behind, stragglers }
        const isGivenUp = next !== undefined && next.lap > MOST_LAPS
        return stepOf(job, next ?? { ...here, stragglers }, this.#parts.clock, {
          [isVerifying ? 'verified' : 'done']: records.length,
          failures: [...findings.take(job, found), ...(isGivenUp ? [NEVER_STILL] : [])],
        })
      },
    )
    if (step === 'lost') return 'lost'
    const isAtEnd = next === undefined || next.lap > MOST_LAPS
    return { job: after(job, step), records: records.length, isAtEnd }
  }

  async #findingsOf(job: Job): Promise<RecordFindings> {
    if (this.#atHand?.jobId !== job.id) {
      this.#atHand = { jobId: job.id, findings: await RecordFindings.of(this.#parts, job) }
    }
    return this.#atHand.findings
  }

  /** undefined: that was the last one. */
  async #nextProject({ scope }: Job, here: JobPlace): Promise<JobPlace | undefined> {
    const projectId = await this.#parts.rotation.projectAfter(here.projectId, scope)
    const { phase: name, lap, stragglers } = here
    return projectId && { phase: name, lap, stragglers, projectId }
  }

  async #judgeAll(
    { scope: { verify } }: Job,
    here: JobPlace,
    records: readonly WalkedRecord[],
  ): Promise<readonly Judged[]> {
    const { rewrapper } = this.#parts
    const kind = kindOf(here)
    const standings = new Map(
      records.flatMap(({ id, format }) =>
        format === null ? [] : [[id, rewrapper.standing(format)] as const],
      ),
    )
    // What is in a format that nobody here knows says so, and raises its alarm, when it is to be opened.
    const isToProve = (standing: FormatStanding) =>
      here.phase === 'verify' ? verify !== 'none' : standing !== 'written'
    const wanted = [...standings].filter(([, it]) => it === 'read' || isToProve(it))
    const ids = wanted.map(([id]) => id)
    return allJudged(this.#parts, kind, ids, (id) => async (record, sealed) => {
      if (sealed === null) return undefined
      if (standings.get(id) === 'read') {
        const moved = await rewrapper.reseal(record, sealed)
        return { kind, id, verifiedMac: record.rowMac, ...moved }
      }
      await rewrapper.prove(record, sealed, verify === 'full' ? 'full' : 'dek')
      return undefined
    })
  }
}

/** undefined: all was looked at since the last one was written. */
function nextWalk(place: JobPlace): JobPlace | undefined {
  return place.stragglers === 0 ? undefined : { ...phase('verify', place), lap: place.lap + 1 }
}
