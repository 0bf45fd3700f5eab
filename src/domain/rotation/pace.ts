/** How busy this process is with its requests. */
export interface LoadMeter {
  /** How long the event loop was at work, and how long it waited, since the last call. */
  spent(): { readonly activeMs: number; readonly idleMs: number }
  /** How late it last ran. */
  delayMs(): number
  isOverloaded(): boolean
}

export interface PaceParts {
  readonly load: LoadMeter
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Returns when everybody who waits for the event loop has had it. */
  readonly turn: () => Promise<void>
}

/** Share of time that others need of the loop: where a job begins to be held back, and where it gets no more than it has to. */
const IDLE = 0.2
const BUSY = 0.7
/** Others are heard while a job rests, which may be for a millisecond at a time: so much of it makes a verdict. */
const HEARD_MS = 100
/** On an idle server: rest for each millisecond of work. */
const LEAST_REST = 0.25
/** On a busy one: a record costs this process a third of a millisecond or so, its writer included, and gets a fiftieth of it. */
const REST_FOR_RECORD_MS = 16
const REST_FOR_DELAY = 2
const OVERLOADED_MS = 1_000
const LONGEST_REST_MS = 2_000

/** How long a job rests after a step: by its own rate, where one was given, and never less than what readers need (ADR 0060). */
export class Pace {
  readonly #parts: PaceParts
  /** Share of the loop that others take, 1 until they were heard. */
  #others = 1

  constructor(parts: PaceParts) {
    this.#parts = parts
  }

  /** How many of `most` records the next step should take: never more than a second of its rate. */
  page(most: number, rate: number | null): number {
    return rate === null ? most : Math.max(1, Math.min(most, rate))
  }

  /** Between two records of a step: who waits for the loop waits for one of them, not for all. */
  turn(): Promise<void> {
    return this.#parts.turn()
  }

  /** @param busyMs how long the step took that is behind us */
  async rest(
    step: { readonly busyMs: number; readonly records: number },
    rate: number | null,
    signal: AbortSignal,
  ): Promise<void> {
    const { load, wait } = this.#parts
    const ofRate = rate === null ? 0 : (step.records * 1000) / rate - step.busyMs
    // What the loop did during the step was ours, and says nothing of others; what it does during the rest is theirs.
    load.spent()
    await wait(Math.max(ofRate, this.#ofLoad(step)), signal)
    this.#hear(load.spent())
  }

  #ofLoad({ busyMs, records }: { readonly busyMs: number; readonly records: number }): number {
    const { load } = this.#parts
    if (load.isOverloaded()) return OVERLOADED_MS
    const share = Math.min(1, Math.max(0, (this.#others - IDLE) / (BUSY - IDLE)))
    const idle = busyMs * LEAST_REST
    const busy = records * REST_FOR_RECORD_MS + load.delayMs() * REST_FOR_DELAY
    return Math.min(LONGEST_REST_MS, Math.max(1, idle + share * Math.max(0, busy - idle)))
  }

  #hear({ activeMs, idleMs }: ReturnType<LoadMeter['spent']>): void {
    const ms = activeMs + idleMs
    if (ms <= 0) return
    this.#others += (activeMs / ms - this.#others) * Math.min(1, ms / HEARD_MS)
  }
}
