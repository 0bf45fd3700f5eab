import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { ProjectDirectory } from './ports/identity.ts'
import type {
  DeletionTask,
  Lease,
  ProjectDeletionRepository,
  ShredPlace,
} from './ports/projectDeletions.ts'
import { timeAfter } from './projectDeletions.ts'
import type { ProjectEvent } from './projectEvent.ts'

export interface ProjectShreddingParts {
  readonly deletions: ProjectDeletionRepository
  /** Who is asked before anything is destroyed; undefined: nobody. */
  readonly directory: ProjectDirectory | undefined
  /** Drops what this process remembers of a project's keys. */
  readonly forgetKeys: (projectId: ProjectId) => void
  /** At most 36 characters, of this process alone. */
  readonly owner: string
  readonly clock: Clock
  readonly onEvent: (event: ProjectEvent) => void
}

/** Small, for its writes go before those of requests. */
const BATCH = 100
const LEASE_SECONDS = 60
const ASK_AGAIN_SECONDS = 60

/**
 * The end of a deleted project: its keys first, in one transaction, and from there on nothing of it opens;
 * then its rows, a hundred at a time. Whatever ends this process, another goes on where it was.
 */
export class ProjectShredding {
  readonly #parts: ProjectShreddingParts

  constructor(parts: ProjectShreddingParts) {
    this.#parts = parts
  }

  /** The deletion that is due first, or that of this project, if nobody holds it. */
  async claim(projectId?: ProjectId): Promise<DeletionTask | undefined> {
    return this.#parts.deletions.claim(this.#lease(LEASE_SECONDS), projectId)
  }

  /** @param goesOn asked between two batches; false ends the work here, and another may go on at once */
  async perform(task: DeletionTask, goesOn: () => Promise<boolean>): Promise<void> {
    const { deletions, forgetKeys, onEvent } = this.#parts
    const { projectId, source } = task
    if (task.state === 'doomed' && !(await this.#isConfirmed(task))) return
    const keys = await deletions.destroyKeys(projectId, this.#lease(LEASE_SECONDS))
    if (keys === 'lost') return
    forgetKeys(projectId)
    onEvent({ type: 'keysDestroyed', projectId, keys })
    for (let place: ShredPlace = {}; ; ) {
      const step = await deletions.shred(projectId, this.#lease(LEASE_SECONDS), BATCH, place)
      if (step === 'lost') return
      place = step.place
      onEvent({ type: 'removed', removed: step.removed })
      if (step.isDone) {
        // A key that was being fetched when they were destroyed.
        forgetKeys(projectId)
        onEvent({ type: 'shredded', projectId, source })
        return
      }
      if (!(await goesOn())) {
        await deletions.defer(projectId, this.#lease(0))
        return
      }
    }
  }

  /** What a message says is hearsay, and a grace period is there to change one's mind: Keystone knows. */
  async #isConfirmed({ projectId, source }: DeletionTask): Promise<boolean> {
    const { deletions, directory, onEvent } = this.#parts
    if (directory === undefined || source === 'operator') return true
    try {
      if ((await directory.look(projectId)) === 'missing') return true
    } catch (error) {
      if (!(error instanceof Fault) || error.kind !== 'unavailable') throw error
      await deletions.defer(projectId, this.#lease(ASK_AGAIN_SECONDS))
      onEvent({ type: 'unconfirmed', projectId, reason: error.message })
      return false
    }
    await deletions.keep(projectId)
    onEvent({ type: 'reappeared', projectId })
    return false
  }

  #lease(seconds: number): Lease {
    const { owner, clock } = this.#parts
    return { owner, now: clock.now(), until: timeAfter(clock, seconds) }
  }
}
