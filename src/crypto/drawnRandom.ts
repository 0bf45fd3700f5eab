import { randomFillSync } from 'node:crypto'

/**
 * Random bytes for sealing, drawn for some sealings at a time: a draw costs the same for a thousand bytes as for
 * fifty, as much as the HMAC of a row (ADR 0065). No byte is given twice, and none stays here once it was given.
 */
export class DrawnRandom {
  readonly #bytes: Buffer
  /** Behind here they were not given yet. */
  #at: number

  constructor(bytesAhead: number) {
    this.#bytes = Buffer.allocUnsafeSlow(bytesAhead)
    this.#at = bytesAhead
  }

  /** Moves so many, at most as many as are drawn ahead, to `at` in `into`. */
  move(bytes: number, into: Uint8Array, at: number): void {
    if (this.#at + bytes > this.#bytes.length) {
      randomFillSync(this.#bytes)
      this.#at = 0
    }
    const given = this.#at
    this.#at += bytes
    this.#bytes.copy(into, at, given, this.#at)
    this.#bytes.fill(0, given, this.#at)
  }
}
