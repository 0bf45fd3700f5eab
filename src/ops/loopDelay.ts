export interface LoopDelayOptions {
  /** Above this the process is overloaded. 0: never. */
  readonly limitMs: number
  readonly monotonicMs: () => number
  /** Told when overload begins. */
  readonly onOverload: (delayMs: number) => void
}

const EVERY_MS = 100

/**
 * How late the event loop runs. A single late turn (a garbage collection, a stopped machine) is over when
 * it is seen, so overload means two late ones in a row.
 */
export class LoopDelay {
  readonly #options: LoopDelayOptions
  #timer: NodeJS.Timeout | undefined
  #expectedMs = 0
  #delayMs = 0
  #lateInARow = 0

  constructor(options: LoopDelayOptions) {
    this.#options = options
  }

  start(): void {
    this.#expectedMs = this.#options.monotonicMs() + EVERY_MS
    this.#timer = setInterval(() => this.look(), EVERY_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }

  get delayMs(): number {
    return this.#delayMs
  }

  isOverloaded(): boolean {
    return this.#lateInARow >= 2
  }

  /** What the timer does; a test does it by hand. */
  look(): void {
    const { limitMs, monotonicMs, onOverload } = this.#options
    const nowMs = monotonicMs()
    this.#delayMs = Math.max(0, nowMs - this.#expectedMs)
    this.#expectedMs = nowMs + EVERY_MS
    const isLate = limitMs > 0 && this.#delayMs > limitMs
    this.#lateInARow = isLate ? this.#lateInARow + 1 : 0
    if (this.#lateInARow === 2) onOverload(this.#delayMs)
  }
}
