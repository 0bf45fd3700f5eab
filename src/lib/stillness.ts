/**
 * Tells for how long others have left something as it is, by a clock of our own that nobody sets: how a
 * dead holder is told from a live one (ADR 0029).
 */
export class Stillness {
  readonly #monotonicMs: () => number
  readonly #longestBlinkMs: number
  readonly #seen = new Map<string, { readonly mark: string; readonly sinceMs: number }>()
  #lookedMs = Number.NEGATIVE_INFINITY

  /**
   * @param longestBlinkMs Who did not look for longer than that (it was busy, suspended, without
   *   database) cannot say that nothing moved meanwhile, and begins anew.
   */
  constructor(monotonicMs: () => number, longestBlinkMs: number) {
    this.#monotonicMs = monotonicMs
    this.#longestBlinkMs = longestBlinkMs
  }

  /** One look at everything there is; what is not among it is forgotten. @returns for how long each stood still */
  look(marks: ReadonlyMap<string, string>): ReadonlyMap<string, number> {
    const nowMs = this.#monotonicMs()
    if (nowMs - this.#lookedMs > this.#longestBlinkMs) this.#seen.clear()
    this.#lookedMs = nowMs
    for (const name of this.#seen.keys()) if (!marks.has(name)) this.#seen.delete(name)
    const stillMs = new Map<string, number>()
    for (const [name, mark] of marks) {
      const before = this.#seen.get(name)
      const sinceMs = before?.mark === mark ? before.sinceMs : nowMs
      this.#seen.set(name, { mark, sinceMs })
      stillMs.set(name, nowMs - sinceMs)
    }
    return stillMs
  }
}
