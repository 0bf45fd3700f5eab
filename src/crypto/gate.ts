/** Nobody could go in, and too many are waiting already. */
export class GateIsFull extends Error {}

/** Lets so many in at once; the others wait in the order they came. */
export class Gate {
  readonly #width: number
  readonly #mostWaiting: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(width: number, mostWaiting: number) {
    this.#width = width
    this.#mostWaiting = mostWaiting
  }

  get isCrowded(): boolean {
    return this.#inside >= this.#width
  }

  /** `work` begins when there is room; whoever has given up by then only passes through. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#inside >= this.#width) {
      if (this.#waiting.length >= this.#mostWaiting) throw new GateIsFull('Too many are waiting.')
      // Whoever leaves hands on the place, so that nobody slips in between.
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    } else this.#inside += 1
    try {
      return await work()
    } finally {
      const next = this.#waiting.shift()
      if (next === undefined) this.#inside -= 1
      else next()
    }
  }
}
