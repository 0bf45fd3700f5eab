import type { Clock } from '../../src/lib/clock.ts'
import { type Timestamp, timestampFromMicros } from '../../src/lib/timestamp.ts'

/**
 * A wall clock that a test sets. Each look moves it on by a microsecond, so that two records never have
 * the same time; the first look after `set` is exact. Monotonic time is the machine's own, plus leaps.
 */
export class DoorClock implements Clock {
  #micros = Date.UTC(2026, 0, 2, 3, 4, 5) * 1000
  #leaptMs = 0

  now(): Timestamp {
    const now = timestampFromMicros(this.#micros)
    this.#micros += 1
    return now
  }

  epochMs(): number {
    return Math.floor(this.#micros / 1000)
  }

  monotonicMs(): number {
    return performance.now() + this.#leaptMs
  }

  set(iso: string): void {
    this.#micros = Date.parse(iso) * 1000
  }

  /** Somebody sets the clock; no time passes. */
  step(seconds: number): void {
    this.#micros += seconds * 1_000_000
  }

  advanceSeconds(seconds: number): void {
    this.#micros += seconds * 1_000_000
    this.#leaptMs += seconds * 1000
  }
}
