/** How busy this process is with its requests. */
export interface LoadMeter {
  /** Share of time that the event loop was busy since the last call, from 0 to 1. */
  utilization(): number
  /** How late it last ran. */
  delayMs(): number
  isOverloaded(): boolean
}

export interface PaceParts {
  readonly load: LoadMeter
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
}

/** Where a job begins to be held back, and where it gets no more than it has to. */
const IDLE = 0.4
const BUSY = 0.8
/** On an idle server: rest for each millisecond of work. */
const LEAST_REST = 0.25
/** On a busy one: a record costs the loop a fifth of a millisecond or so, and gets a fiftieth of it. */
const REST_FOR_RECORD_MS = 10
const BUSY_PARTS = 8
const REST_FOR_DELAY = 2
const OVERLOADED_MS = 1_000
const LONGEST_REST_MS = 2_000

/**
 * How much a job does at a time, and how long it rests after: by its own rate, where one was given, and never less than
 * what readers need. Who waits behind a step waits for all of it, so on a busy server steps are short.
 */
export class Pace {
  readonly #parts: PaceParts
  #share = 0

  constructor(parts: PaceParts) {
    this.#parts = parts
  }

  /** How many of `most` records the next step should take. */
  page(most: number, rate: number | null): number {
    const ofLoad = this.#share > 0.5 ? Math.ceil(most / BUSY_PARTS) : most
    return rate === null ? ofLoad : Math.max(1, Math.min(ofLoad, rate))
  }

  /** @param busyMs how long the step took that is behind us */
  async rest(
    step: { readonly busyMs: number; readonly records: number },
    rate: number | null,
    signal: AbortSignal,
  ): Promise<void> {
    const ofRate = rate === null ? 0 : (step.records * 1000) / rate - step.busyMs
    await this.#parts.wait(Math.max(ofRate, this.#ofLoad(step)), signal)
  }

  #ofLoad({ busyMs, records }: { readonly busyMs: number; readonly records: number }): number {
    const { load } = this.#parts
    this.#share = Math.min(1, Math.max(0, (load.utilization() - IDLE) / (BUSY - IDLE)))
    if (load.isOverloaded()) return OVERLOADED_MS
    const idle = busyMs * LEAST_REST
    const busy = records * REST_FOR_RECORD_MS + load.delayMs() * REST_FOR_DELAY
    return Math.min(LONGEST_REST_MS, Math.max(1, idle + this.#share * (busy - idle)))
  }
}
