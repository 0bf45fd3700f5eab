import type { ProjectId } from '../../lib/ids.ts'
import type { JobStep } from '../ports/jobs.ts'
import type { RewrappedRecord } from '../ports/rotation.ts'
import type { JobStepParts, Judged } from './jobSteps.ts'

const TRIES = 5

/** Records are judged, and written together with the step; once more where a key in hand turns out to be gone. */
export async function writeRecords(
  { rotation, rewrapper }: Pick<JobStepParts, 'rotation' | 'rewrapper'>,
  projectId: ProjectId,
  judge: () => Promise<readonly Judged[]>,
  stepWith: (found: readonly Judged[]) => JobStep,
): Promise<JobStep | 'lost'> {
  for (let tries = 1; ; tries += 1) {
    const found = await judge()
    const step = stepWith(found)
    // What somebody changed meanwhile is found when everything is looked at again.
    const outcome = await rotation.rewrap(step, movedOf(found))
    if (outcome === 'lost') return 'lost'
    if (outcome !== 'keyGone') return step
    if (tries === TRIES) throw new Error(`The keys of project ${projectId} keep changing.`)
    rewrapper.purge(projectId)
  }
}

/** Those of them that are to be written. */
export function movedOf(found: readonly Judged[]): readonly RewrappedRecord[] {
  return found.flatMap((it) => (it.outcome === 'moved' ? it.record : []))
}
