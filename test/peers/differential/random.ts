/** Numbers that look random and are the same for the same seed (mulberry32). */
export class Random {
  #state: number

  /** Every scenario draws from its own stream, so that a new one does not change the others. */
  constructor(seed: number, stream = '') {
    this.#state = [...stream].reduce(
      (state, letter) => Math.imul(state ^ (letter.codePointAt(0) ?? 0), 16_777_619),
      seed ^ 0x811c_9dc5,
    )
  }

  /** From 0 up to, but not including, 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b_79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return low + Math.floor(this.fraction() * (high - low + 1))
  }

  isOneIn(count: number): boolean {
    return this.whole(1, count) === 1
  }

  pick<T>(from: readonly T[]): T {
    const picked = from[this.whole(0, from.length - 1)]
    if (picked === undefined && from.length === 0) throw new Error('nothing to pick from')
    return picked as T
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.whole(0, 255)))
  }

  text(length: number, alphabet = 'abcdefghijklmnopqrstuvwxyz0123456789'): string {
    const letters = [...alphabet]
    return Array.from({ length }, () => this.pick(letters)).join('')
  }

  /** As `given`, with every property that is drawn out of its own table. */
  object(table: Readonly<Record<string, readonly unknown[]>>): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(table)
        .map(([key, values]) => [key, this.pick(values)] as const)
        .filter(([, value]) => value !== undefined),
    )
  }
}
