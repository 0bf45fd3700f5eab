import type { CheckpointResult } from './dialectSqliteConnection.ts'

export interface CheckpointingParts {
  /** Runs a checkpoint; undefined when there is no connection to run it on. */
  readonly checkpoint: (mode: 'passive' | 'truncate') => CheckpointResult | undefined
  /** Calls back once, later; for a test, when it likes. */
  readonly later: (work: () => void, delayMs: number) => void
}

/**
 * Four pages for a small secret alone in its commit, ten for a big one: the log stays below 40 MB. Fewer
 * would bring the same pages into the database again and again, a third of the writer's work at 500.
 */
const COMMANDS_PER_CHECKPOINT = 1000
/** 64 MB: so much stands in the log only when readers kept it from starting over. */
const PAGES_TOO_MANY = 16_000
/** A deleted key is out of the log within a minute: time enough for some attempts. */
const TRUNCATE_AFTER_MS = 20_000
const TRUNCATE_AGAIN_AFTER_MS = 1_000

/** When the log is brought into the database, and when it is emptied so that deleted keys are gone from it. */
export class Checkpointing {
  readonly #parts: CheckpointingParts
  #commandsSince = 0
  #isTruncateDue = false

  constructor(parts: CheckpointingParts) {
    this.#parts = parts
  }

  /** Call after the answers have left: nobody should wait for a checkpoint. */
  afterBatch(commands: number, hasShredded: boolean): void {
    if (hasShredded) this.#truncateLater(TRUNCATE_AFTER_MS)
    this.#commandsSince += commands
    if (this.#commandsSince < COMMANDS_PER_CHECKPOINT) return
    this.#commandsSince = 0
    const result = this.#parts.checkpoint('passive')
    if (result !== undefined && result.pagesInLog > PAGES_TOO_MANY) {
      this.#parts.checkpoint('truncate')
    }
  }

  /** What a crash left could not be emptied at once. */
  emptyLogSoon(): void {
    this.#truncateLater(TRUNCATE_AGAIN_AFTER_MS)
  }

  #truncateLater(delayMs: number): void {
    if (this.#isTruncateDue) return
    this.#isTruncateDue = true
    this.#parts.later(() => {
      this.#isTruncateDue = false
      const result = this.#parts.checkpoint('truncate')
      if (result === undefined || result.isBusy) this.#truncateLater(TRUNCATE_AGAIN_AFTER_MS)
    }, delayMs)
  }
}
