/** So long without a word from the server, while somebody waits for one, is worth a knock. */
const SILENT_AFTER_MS = 2_000
/** A server that has work to do opens a connection sooner than that. */
const KNOCK_WITHIN_MS = 2_000

/**
 * Tells a server that hangs from one that is slow: the slow one still opens a connection. Whether an
 * answer is good news does not matter here.
 */
export class Silence {
  #heardMs = Number.NEGATIVE_INFINITY
  #knockedMs: number | undefined

  heard(nowMs: number): void {
    this.#heardMs = nowMs
    this.#knockedMs = undefined
  }

  /** @param waitingSinceMs of whoever waits longest for an answer */
  verdict(waitingSinceMs: number | undefined, nowMs: number): 'well' | 'knock' | 'hangs' {
    if (waitingSinceMs === undefined) {
      this.#knockedMs = undefined
      return 'well'
    }
    if (nowMs - Math.max(waitingSinceMs, this.#heardMs) < SILENT_AFTER_MS) return 'well'
    this.#knockedMs ??= nowMs
    if (nowMs - this.#knockedMs < KNOCK_WITHIN_MS) return 'knock'
    this.#knockedMs = undefined
    return 'hangs'
  }
}
