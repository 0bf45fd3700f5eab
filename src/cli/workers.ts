import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '../lib/log.ts'
import { EXIT_CODES } from './exitCodes.ts'
import type { WorkerProcess, WorkerReport } from './processes.ts'
import type { KeysForWorkers } from './workerSeals.ts'

export interface WorkersParts {
  readonly count: number
  readonly start: (number: number) => WorkerProcess
  readonly log: Log
  readonly monotonicMs: () => number
  /** For those that start sealed. */
  readonly keys: KeysForWorkers
}

interface Worker {
  readonly number: number
  readonly process: WorkerProcess
  readonly startedMs: number
  readonly exited: Promise<void>
  isListening: boolean
}

/** A worker that ended before it ever served: the start as a whole is refused, with its exit code. */
export class WorkerRefused extends Error {
  readonly exitCode: number

  constructor(exitCode: number) {
    super('The first worker did not start; it said why.')
    this.exitCode = exitCode
  }
}

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 30_000
/** Who lived so long died of something new. */
const LONG_LIFE_MS = 60_000
const REPORT_WITHIN_MS = 3_000
const CLOSING_TAKES_MS = 200
/** What a worker may take beyond the time its requests have. */
const SPARE_MS = 5_000

/** The processes that serve: starts them, starts them again when they die, stops them. */
export class Workers {
  readonly #parts: WorkersParts
  readonly #workers = new Map<number, Worker>()
  readonly #pauses = new Map<number, NodeJS.Timeout>()
  readonly #failures = new Map<number, number>()
  readonly #awaited = new Map<number, (report: WorkerReport) => void>()
  #lastQuestion = 0
  #restarts = 0
  #isStopping = false
  #worstCode = 0

  constructor(parts: WorkersParts) {
    this.#parts = parts
  }

  get restarts(): number {
    return this.#restarts
  }

  /**
   * The first one alone: it makes what a first start makes, and a refusal is told once. Then the others.
   * @returns where they listen
   * @throws WorkerRefused
   */
  async open(): Promise<readonly string[]> {
    const addresses = await new Promise<readonly string[]>((resolve, reject) => {
      this.#start(1, resolve, reject)
    })
    if (this.#isStopping) return addresses
    for (let number = 2; number <= this.#parts.count; number += 1) this.#start(number)
    return addresses
  }

  reload(): void {
    for (const { process } of this.#workers.values()) process.tell({ type: 'reload' })
  }

  /** What each that serves says of itself; who does not answer in time is left out. */
  async reports(): Promise<readonly WorkerReport[]> {
    const listening = [...this.#workers.values()].filter(({ isListening }) => isListening)
    const reports = await Promise.all(listening.map((worker) => this.#reportOf(worker)))
    return reports.filter((report) => report !== undefined)
  }

  /** Lets all finish what they are at. @returns the exit code of the whole */
  async stop(graceMs: number): Promise<number> {
    this.#isStopping = true
    for (const pause of this.#pauses.values()) clearTimeout(pause)
    const workers = [...this.#workers.values()]
    const late = setTimeout(() => this.killAll(), graceMs + SPARE_MS)
    // What comes while the others close is dealt to the one that still listens, not to nobody.
    const [last, ...others] = workers
    for (const { process } of others) process.tell({ type: 'stop' })
    if (others.length > 0) await delay(CLOSING_TAKES_MS)
    last?.process.tell({ type: 'stop' })
    await Promise.all(workers.map(({ exited }) => exited))
    clearTimeout(late)
    return this.#worstCode
  }

  killAll(): void {
    for (const { process } of this.#workers.values()) process.kill()
  }

  #start(
    number: number,
    onFirst?: (addresses: readonly string[]) => void,
    onRefused?: (refused: WorkerRefused) => void,
  ): void {
    const { start, log, monotonicMs } = this.#parts
    const process = start(number)
    const { promise: exited, resolve: exit } = Promise.withResolvers<void>()
    const worker: Worker = {
      number,
      process,
      startedMs: monotonicMs(),
      exited,
      isListening: false,
    }
    this.#workers.set(number, worker)
    process.onWord((word) => {
      switch (word.type) {
        case 'report':
          this.#awaited.get(word.id)?.(word.report)
          return
        case 'sealed':
          this.#parts.keys.asked(process)
          return
        case 'unsealed':
          this.#parts.keys.answered(word.id, word.reason)
          return
      }
      worker.isListening = true
      log.info({ worker: number, workerPid: process.pid }, 'a worker serves')
      onFirst?.(word.addresses)
    })
    process.onExit((code, signal) => {
      this.#workers.delete(number)
      this.#parts.keys.gone(process)
      exit()
      if (this.#isStopping) {
        this.#noteEnd(number, code, signal)
        onFirst?.([])
      } else if (onRefused !== undefined && !worker.isListening) {
        onRefused(new WorkerRefused(code ?? EXIT_CODES.worker.code))
      } else this.#startAgain(worker, code, signal)
    })
  }

  #noteEnd(number: number, code: number | null, signal: string | null): void {
    if (code === 0) return
    this.#parts.log.error({ worker: number, code, signal }, 'a worker did not end as it should')
    this.#worstCode ||= EXIT_CODES.worker.code
  }

  #startAgain({ number, startedMs }: Worker, code: number | null, signal: string | null): void {
    const { log, monotonicMs } = this.#parts
    const isOld = monotonicMs() - startedMs > LONG_LIFE_MS
    const failures = isOld ? 0 : (this.#failures.get(number) ?? 0)
    this.#failures.set(number, failures + 1)
    const restartInMs = Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS)
    log.error({ worker: number, code, signal, restartInMs }, 'a worker died and is started again')
    this.#restarts += 1
    this.#pauses.set(
      number,
      setTimeout(() => this.#start(number), restartInMs),
    )
  }

  async #reportOf({ process }: Worker): Promise<WorkerReport | undefined> {
    this.#lastQuestion += 1
    const id = this.#lastQuestion
    const { promise, resolve } = Promise.withResolvers<WorkerReport | undefined>()
    this.#awaited.set(id, resolve)
    const timer = setTimeout(() => resolve(undefined), REPORT_WITHIN_MS)
    process.tell({ type: 'report', id })
    const report = await promise
    clearTimeout(timer)
    this.#awaited.delete(id)
    return report
  }
}
