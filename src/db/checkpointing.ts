import type { CheckpointResult } from './dialectSqliteConnection.ts'

export interface CheckpointingParts {
  /** Runs a checkpoint; undefined when there is no connection to run it on. */
  readonly checkpoint: (mode: 'passive' | 'truncate') => CheckpointResult | undefined
  /** Calls back once, later; for a test, when it likes. */
  readonly later: (work: () => void, delayMs: number) => void
  /** How soon what was deleted leaves the log; 20 s unless said. */
  readonly truncateAfterMs?: number | undefined
}

/**
 * 40 MB of log. More often would bring the same pages into the database again and again: after every
 * thousand small secrets, checkpoints were a quarter of the writer's work.
 */
const PAGES_PER_CHECKPOINT = 10_000
/** A big secret alone in its commit. Small ones that share a commit leave two or three each. */
const MOST_PAGES_EACH = 10
/** 64 MB: so much stands in the log only when readers kept it from starting over. */
const PAGES_TOO_MANY = 16_000
/** A deleted key is out of the log within a minute: time enough for some attempts. */
const TRUNCATE_AFTER_MS = 20_000
const TRUNCATE_AGAIN_AFTER_MS = 1_000

/** When the log is brought into the database, and when it is emptied so that deleted keys are gone from it. */
export class Checkpointing {
  readonly #parts: CheckpointingParts
  #commandsSince = 0
  /** What a command left in the log, by the last checkpoint. */
  #pagesEach = MOST_PAGES_EACH
  #isTruncateDue = false

  constructor(parts: CheckpointingParts) {
    this.#parts = parts
  }

  /** Call after the answers have left: nobody should wait for a checkpoint. */
  afterBatch(commands: number, hasShredded: boolean): void {
    if (hasShredded) this.#truncateLater(this.#parts.truncateAfterMs ?? TRUNCATE_AFTER_MS)
    this.#commandsSince += commands
    if (this.#commandsSince * this.#pagesEach < PAGES_PER_CHECKPOINT) return
    const result = this.#parts.checkpoint('passive')
    const found = result === undefined ? MOST_PAGES_EACH : result.pagesInLog / this.#commandsSince
    // More than that means that the log could not start over.
    this.#pagesEach = Math.min(Math.max(found, 1), MOST_PAGES_EACH)
    this.#commandsSince = 0
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
