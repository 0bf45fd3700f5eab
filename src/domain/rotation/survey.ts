import type { ProjectId } from '../../lib/ids.ts'
import { type JobScope, WALKED_KINDS } from '../../model/job.ts'
import type { RotationRepository, WalkedRecord, WalkPage } from '../ports/rotation.ts'
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
  for await (const projectId of projectsOf(rotation, scope)) {
    const terms = new ProjectTerms(projectId, await rotation.keysOf(projectId), scope.toStore)
    sum.projects += 1
    sum.oldTerms += terms.unmarked.length + terms.marked.length
    for await (const records of pagesOf(rotation, projectId)) {
      sum.records += records.length
      sum.toMove += records.filter((record) => terms.isToMove(record)).length
      onRecords(records.length)
    }
  }
  return sum
}

/** How many records are sealed in each format; reads alone, no key. */
export async function surveyFormats(
  rotation: Pick<RotationRepository, 'projectAfter' | 'walk'>,
  scope: JobScope,
): Promise<ReadonlyMap<number, number>> {
  const counts = new Map<number, number>()
  for await (const projectId of projectsOf(rotation, scope)) {
    for await (const records of pagesOf(rotation, projectId)) {
      for (const { format } of records) {
        if (format !== null) counts.set(format, (counts.get(format) ?? 0) + 1)
      }
    }
  }
  return counts
}

async function* projectsOf(
  rotation: Pick<RotationRepository, 'projectAfter'>,
  scope: JobScope,
): AsyncGenerator<ProjectId> {
  let projectId = await rotation.projectAfter(undefined, scope)
  for (; projectId !== undefined; projectId = await rotation.projectAfter(projectId, scope)) {
    yield projectId
  }
}

async function* pagesOf(
  rotation: Pick<RotationRepository, 'walk'>,
  projectId: ProjectId,
): AsyncGenerator<readonly WalkedRecord[]> {
  for (const kind of WALKED_KINDS) {
    for (let after: WalkPage['after']; ; ) {
      const records = await rotation.walk({ projectId, kind, after, limit: PAGE })
      yield records
      after = records.at(-1)
      if (after === undefined || records.length < PAGE) break
    }
  }
}
