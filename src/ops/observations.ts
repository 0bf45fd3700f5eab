const MOST_WAITING = 256

/**
 * Values of one series of a histogram, handed on many at a time: prom-client looks at the labels anew for
 * each, and between two requests its code has left the processor's caches (ADR 0018).
 */
export class Observations {
  readonly #series: { observe(value: number): void }
  readonly #waiting = new Float64Array(MOST_WAITING)
  #count = 0

  constructor(series: { observe(value: number): void }) {
    this.#series = series
  }

  add(value: number): void {
    this.#waiting[this.#count] = value
    this.#count += 1
    if (this.#count === MOST_WAITING) this.handOn()
  }

  /** Call before somebody reads the histogram. */
  handOn(): void {
    const count = this.#count
    this.#count = 0
    for (let index = 0; index < count; index += 1) this.#series.observe(this.#waiting[index] ?? 0)
  }
}
