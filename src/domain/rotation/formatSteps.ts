import type { Job, JobPlace } from '../../model/job.ts'
import type { JobFailure } from '../ports/jobs.ts'
import {
  after,
  type JobStepParts,
  type JobSteps,
  kindOf,
  placeBehind,
  positionOf,
  type Stepped,
  stepOf,
} from './jobSteps.ts'

/** The only format so far (design 4). A next one brings the way to it from here. */
const FORMAT = 1
const PAGE = 100

/** Finds what is sealed in another format than today's. There is no other yet, so whatever it finds is a finding. */
export class FormatSteps implements JobSteps {
  readonly #parts: Pick<JobStepParts, 'jobs' | 'rotation' | 'clock' | 'onEvent'>

  constructor(parts: Pick<JobStepParts, 'jobs' | 'rotation' | 'clock' | 'onEvent'>) {
    this.#parts = parts
  }

  async step(job: Job): Promise<Stepped> {
    const { jobs, rotation, clock, onEvent } = this.#parts
    const { place, scope } = job
    const projectId = place.projectId ?? (await rotation.projectAfter(undefined, scope))
    if (projectId === undefined) return { job, records: 0, isAtEnd: true }
    const kind = kindOf(place)
    const page = { projectId, kind, after: positionOf(place), limit: PAGE }
    const records = await rotation.walk(page)
    const failures: readonly JobFailure[] = records
      .filter(({ format }) => format !== null && format !== FORMAT)
      .map(({ id, format }) => ({ kind, id, what: `It is sealed in format ${format}.` }))
    for (const failure of failures) onEvent({ type: 'recordFailed', job, failure })
    let next: JobPlace | undefined = placeBehind({ ...place, projectId, kind }, records, PAGE)
    if (next === undefined) {
      const following = await rotation.projectAfter(projectId, scope)
      if (following === undefined) {
        const last = stepOf(job, place, clock, { done: records.length, failures })
        if (!(await jobs.advance(last))) return 'lost'
        return { job: after(job, last), records: records.length, isAtEnd: true }
      }
      const { phase, lap, stragglers } = place
      next = { phase, lap, stragglers, projectId: following }
    }
    const step = stepOf(job, next, clock, { done: records.length, failures })
    if (!(await jobs.advance(step))) return 'lost'
    return { job: after(job, step), records: records.length }
  }
}
