const MINUTE_MS = 60_000

/** Lets so many log lines a minute through: what strangers can set off must not fill a disk. */
export class LineBrake {
  readonly #mostPerMinute: number
  readonly #monotonicMs: () => number
  #minute = Number.NaN
  #let = 0
  #heldBack = 0

  constructor(mostPerMinute: number, monotonicMs: () => number) {
    this.#mostPerMinute = mostPerMinute
    this.#monotonicMs = monotonicMs
  }

  /** @returns how many were held back since the last that went through; undefined for one that is held back too */
  next(): number | undefined {
    const minute = Math.floor(this.#monotonicMs() / MINUTE_MS)
    if (minute !== this.#minute) {
      this.#minute = minute
      this.#let = 0
    }
    if (this.#let >= this.#mostPerMinute) {
      this.#heldBack += 1
      return undefined
    }
    this.#let += 1
    const heldBack = this.#heldBack
    this.#heldBack = 0
    return heldBack
  }
}
