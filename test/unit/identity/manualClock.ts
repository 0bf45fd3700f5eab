import type { Clock } from '../../../src/lib/clock.ts'
import { timestampFromMicros } from '../../../src/lib/timestamp.ts'

/** Stands still until told to go on. */
export class ManualClock implements Clock {
  #epochMs = Date.UTC(2026, 0, 2, 3, 4, 5)
  #monotonicMs = 1_000_000

  now = () => timestampFromMicros(this.#epochMs * 1000)
  epochMs = () => this.#epochMs
  monotonicMs = () => this.#monotonicMs

  forward(seconds: number): void {
    this.#epochMs += seconds * 1000
    this.#monotonicMs += seconds * 1000
  }
}
