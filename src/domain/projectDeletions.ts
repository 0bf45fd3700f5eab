import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import { type Timestamp, timestampFromMicros } from '../lib/timestamp.ts'
import type { DeletionSource, ProjectDeletionRepository } from './ports/projectDeletions.ts'
import type { ProjectEvent } from './projectEvent.ts'

export interface ProjectDeletionsParts {
  readonly deletions: Pick<ProjectDeletionRepository, 'note'>
  readonly clock: Clock
  readonly graceSeconds: number
  /** Nothing is noted, only told. */
  readonly isDryRun: boolean
  /** Something is to be done from now on, or soon. */
  readonly onNoted: () => void
  readonly onEvent: (event: ProjectEvent) => void
}

/** That a project was deleted, from whoever says so. */
export class ProjectDeletions {
  readonly #parts: ProjectDeletionsParts

  constructor(parts: ProjectDeletionsParts) {
    this.#parts = parts
  }

  /** Durable when it returns; told twice it is the same as once. */
  async note(projectId: ProjectId, source: DeletionSource): Promise<void> {
    const { deletions, clock, graceSeconds, isDryRun, onNoted, onEvent } = this.#parts
    if (isDryRun) {
      onEvent({ type: 'spared', projectId, source })
      return
    }
    const notBefore = timeAfter(clock, graceSeconds)
    const outcome = await deletions.note(projectId, { source, now: clock.now(), notBefore })
    if (outcome !== 'noted') {
      onEvent({ type: outcome, projectId })
      return
    }
    onEvent({ type: 'noted', projectId, source, notBefore })
    onNoted()
  }
}

export function timeAfter(clock: Clock, seconds: number): Timestamp {
  return timestampFromMicros(clock.epochMs() * 1000 + Math.round(seconds * 1_000_000))
}
