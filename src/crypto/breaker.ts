import type { Clock } from '../lib/clock.ts'

export interface BreakerParts {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** From 0 up to, not including, 1. */
  readonly random: () => number
  /** How long a call may take: so long one that finds out keeps the others waiting. */
  readonly timeoutMs: number
}

/** A call that was let through; told what became of it. */
export interface Attempt {
  readonly round: number
}

/** Failures one after the other until nobody is let through any more; one that took all its time is enough. */
const FAILURES_TO_OPEN = 3
const FIRST_REST_MS = 1_000
/** An operator who repaired something looks at it for this long at most. */
const LONGEST_REST_MS = 10_000

/**
 * Keeps callers from a service that does not answer. Each failure is followed by a rest, twice as long as
 * the one before, of which half is by chance: nodes that lost it together do not come back together.
 * While it rests those who can do without leave it alone, and after a few failures everybody does; then
 * one call finds out.
 */
export class Breaker {
  readonly #clock: BreakerParts['clock']
  readonly #random: () => number
  readonly #timeoutMs: number
  #failures = 0
  #isOpen = false
  #restUntilMs = 0
  /** Goes up with each failure that counts: calls that were under way side by side fail once. */
  #round = 0

  constructor(parts: BreakerParts) {
    this.#clock = parts.clock
    this.#random = parts.random
    this.#timeoutMs = parts.timeoutMs
  }

  /** Did the last call go unanswered? */
  get isDown(): boolean {
    return this.#failures > 0
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Milliseconds until somebody is let through again; 0: now. */
  get restMs(): number {
    return this.isDown ? Math.max(0, this.#restUntilMs - this.#clock.monotonicMs()) : 0
  }

  /** For one who can do without. */
  admitsProbe(): boolean {
    if (!this.isDown) return true
    if (this.restMs > 0) return false
    // While it is open, whoever calls first is the one that finds out: `admit` says so.
    if (!this.#isOpen) this.#keepOthersAway()
    return true
  }

  /** For one who cannot. undefined: not now. */
  admit(): Attempt | undefined {
    if (this.#isOpen) {
      if (this.restMs > 0) return undefined
      this.#keepOthersAway()
    }
    return { round: this.#round }
  }

  /** @returns whether it had been open */
  succeeded(): boolean {
    const wasOpen = this.#isOpen
    this.#failures = 0
    this.#isOpen = false
    return wasOpen
  }

  /**
   * Somebody knows that the service is back: the next call need not wait until it is asked again, and what was
   * under way until now says nothing of it any more.
   * @returns whether it had been open
   */
  reset(): boolean {
    this.#round += 1
    return this.succeeded()
  }

  /** @returns whether this opened it */
  failed({ round }: Attempt, tookAllItsTime: boolean): boolean {
    if (round !== this.#round) return false
    this.#round += 1
    this.#failures += 1
    const longest = Math.min(LONGEST_REST_MS, FIRST_REST_MS * 2 ** (this.#failures - 1))
    this.#restUntilMs = this.#clock.monotonicMs() + longest * (0.5 + this.#random() / 2)
    const wasOpen = this.#isOpen
    this.#isOpen ||= tookAllItsTime || this.#failures >= FAILURES_TO_OPEN
    return this.#isOpen && !wasOpen
  }

  #keepOthersAway(): void {
    this.#restUntilMs = this.#clock.monotonicMs() + this.#timeoutMs
  }
}
