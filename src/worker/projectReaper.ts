import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'
import type { ProjectDeletionRepository } from '../domain/ports/projectDeletions.ts'
import { timeAfter } from '../domain/projectDeletions.ts'
import type { ProjectEvent } from '../domain/projectEvent.ts'
import type { ProjectPoll } from '../domain/projectPoll.ts'
import type { ProjectShredding } from '../domain/projectShredding.ts'
import type { ShredReporting } from '../domain/shredReporting.ts'
import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'

export interface ProjectReaperParts {
  readonly deletions: Pick<ProjectDeletionRepository, 'look' | 'releaseAllOf'>
  readonly shredding: Pick<ProjectShredding, 'claim' | 'perform' | 'freeWhatStandsStill'>
  /** undefined: Keystone is not asked. */
  readonly poll: Pick<ProjectPoll, 'pass'> | undefined
  readonly pollEverySeconds: number
  readonly forgetKeys: (projectId: ProjectId) => void
  /** Signs the reports of what is gone. */
  readonly reporting: Pick<ShredReporting, 'signAll'>
  readonly processes: ProcessMarks
  readonly clock: Clock
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onEvent: (event: ProjectEvent) => void
}

/**
 * How often it looks for what other processes noted or began: as long may another node open what is left
 * of a project whose keys were destroyed, if it has them in memory.
 */
const LOOK_EVERY_MS = 10_000
/** Longer than a look may be late. */
const GONE_SINCE_SECONDS = 300
const PAUSE_MS = 20
/** Another node may have made the last pass: when the next is due, the database knows. */
const LONGEST_BETWEEN_POLLS_MS = 60_000

/** Destroys what deleted projects left, whoever noted it; any number of nodes may do so at once. */
export class ProjectReaper {
  readonly #parts: ProjectReaperParts
  readonly #stopped = new AbortController()
  #woken = new AbortController()
  #work: Promise<unknown> | undefined

  constructor(parts: ProjectReaperParts) {
    this.#parts = parts
  }

  start(): void {
    this.#work ??= Promise.all([this.#reapUntilStopped(), this.#pollUntilStopped()])
  }

  /** A deletion was noted here: there is no need to wait for the next look. */
  wake(): void {
    this.#woken.abort()
  }

  /** Returns when the batch under way is done. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    this.wake()
    await this.#work
  }

  async #reapUntilStopped(): Promise<void> {
    const { wait, onEvent } = this.#parts
    const { signal } = this.#stopped
    // A process that ended before it could sign may have left some.
    let isToSign = true
    while (!signal.aborted) {
      this.#woken = new AbortController()
      const hasWorked = await this.#reapNext().catch((error: unknown) => {
        onEvent({ type: 'blocked', error: asError(error) })
        return false
      })
      isToSign ||= hasWorked
      if (isToSign) isToSign = !(await this.#hasSigned())
      if (!hasWorked && !signal.aborted) await wait(LOOK_EVERY_MS, this.#woken.signal)
    }
  }

  async #hasSigned(): Promise<boolean> {
    const { reporting, onEvent } = this.#parts
    try {
      await reporting.signAll()
      return true
    } catch (error) {
      onEvent({ type: 'unsigned', error: asError(error) })
      return false
    }
  }

  async #reapNext(): Promise<boolean> {
    const { deletions, shredding, forgetKeys, processes, clock, wait } = this.#parts
    const { signal } = this.#stopped
    const goneSince = timeAfter(clock, -GONE_SINCE_SECONDS)
    const { isAnythingDue, keysGone, owners } = await deletions.look(clock.now(), goneSince)
    for (const projectId of keysGone) forgetKeys(projectId)
    const dead = owners.filter((owner) => owner !== processes.own && processes.isDead(owner))
    for (const owner of dead) await deletions.releaseAllOf(owner)
    await shredding.freeWhatStandsStill()
    if (!isAnythingDue && dead.length === 0) return false
    const task = await shredding.claim()
    if (task === undefined) return false
    await shredding.perform(task, async () => {
      await wait(PAUSE_MS, signal)
      return !signal.aborted
    })
    return true
  }

  async #pollUntilStopped(): Promise<void> {
    const { poll, pollEverySeconds, wait, onEvent } = this.#parts
    const { signal } = this.#stopped
    if (poll === undefined) return
    for (;;) {
      await wait(Math.min(LONGEST_BETWEEN_POLLS_MS, pollEverySeconds * 1000), signal)
      if (signal.aborted) return
      await poll
        .pass(signal)
        .catch((error: unknown) => onEvent({ type: 'pollFailed', error: asError(error) }))
    }
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
