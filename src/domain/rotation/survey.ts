import { type JobScope, WALKED_KINDS } from '../../model/job.ts'
import type { RotationRepository } from '../ports/rotation.ts'
import { ProjectTerms } from './projectTerms.ts'

export interface Survey {
  readonly projects: number
  readonly records: number
  /** Under another key than they should be. */
  readonly toMove: number
  /** Terms that would be destroyed once nothing uses them. */
  readonly oldTerms: number
}

const PAGE = 200

/** What a job over records would do; reads alone, no key. */
export async function surveyRecords(
  rotation: Pick<RotationRepository, 'projectAfter' | 'keysOf' | 'walk'>,
  scope: JobScope,
  onRecords: (count: number) => void,
): Promise<Survey> {
  const sum = { projects: 0, records: 0, toMove: 0, oldTerms: 0 }
  let projectId = await rotation.projectAfter(undefined, scope)
  while (projectId !== undefined) {
    const terms = new ProjectTerms(projectId, await rotation.keysOf(projectId), scope.toStore)
    sum.projects += 1
    sum.oldTerms += terms.unmarked.length + terms.marked.length
    for (const kind of WALKED_KINDS) {
      for (let after: { createdAt: never; id: string } | undefined; ; ) {
        const records = await rotation.walk({ projectId, kind, after, limit: PAGE })
        sum.records += records.length
        sum.toMove += records.filter((record) => terms.isToMove(record)).length
        onRecords(records.length)
        const last = records.at(-1)
        if (last === undefined || records.length < PAGE) break
        after = { createdAt: last.createdAt as never, id: last.id }
      }
    }
    projectId = await rotation.projectAfter(projectId, scope)
  }
  return sum
}
