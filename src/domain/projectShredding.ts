import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { Stillness } from '../lib/stillness.ts'
import type { ProjectDirectory } from './ports/identity.ts'
import type {
  DeletionTask,
  HeldDeletion,
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
/** A holder that gave no sign of life for so long, by our own monotonic clock, is dead or cut off. */
const STILL_MS = 60_000
/** Who did not look for longer than that cannot say that nothing moved. */
const LONGEST_BLINK_MS = 30_000
/** For an operator who waits: a live holder moves several times in a second. */
const SIGN_OF_LIFE_MS = 5_000

/**
 * The end of a deleted project: its keys first, in one transaction, and from there on nothing of it opens;
 * then its rows, a hundred at a time. Whatever ends this process, another goes on where it was.
 */
export class ProjectShredding {
  readonly #parts: ProjectShreddingParts
  readonly #stillness: Stillness

  constructor(parts: ProjectShreddingParts) {
    this.#parts = parts
    this.#stillness = new Stillness(() => parts.clock.monotonicMs(), LONGEST_BLINK_MS)
  }

  /** The deletion that is due first, or that of this project, if nobody holds it. */
  async claim(projectId?: ProjectId): Promise<DeletionTask | undefined> {
    return this.#parts.deletions.claim(this.#lease(LEASE_SECONDS), projectId)
  }

  /**
   * As `claim`, for somebody who waits for it. To take it from one that lives, and was only slow, does no harm: at his
   * next step he finds that it is not his.
   */
  async claimOrFollow(
    projectId: ProjectId,
    wait: (ms: number) => Promise<void>,
  ): Promise<DeletionTask | undefined> {
    const task = await this.claim(projectId)
    if (task !== undefined) return task
    const seen = await this.#held(projectId)
    if (seen === undefined) return undefined
    await wait(SIGN_OF_LIFE_MS)
    await this.#parts.deletions.free(seen)
    return this.claim(projectId)
  }

  async #held(projectId: ProjectId): Promise<HeldDeletion | undefined> {
    const held = await this.#parts.deletions.held()
    return held.find((one) => one.projectId === projectId)
  }

  /** No clock of two nodes is compared: to be called every few seconds (ADR 0064). */
  async freeWhatStandsStill(): Promise<void> {
    const { deletions, owner: own, onEvent } = this.#parts
    const held = await deletions.held()
    const marks = held.map(
      ({ projectId, owner, until }) => [projectId, `${owner} ${until}`] as const,
    )
    const stillMs = this.#stillness.look(new Map(marks))
    for (const one of held) {
      if (one.owner === own || (stillMs.get(one.projectId) ?? 0) <= STILL_MS) continue
      await deletions.free(one)
      if (one.owner !== null) onEvent({ type: 'freed', projectId: one.projectId })
    }
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
