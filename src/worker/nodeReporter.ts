import type { NodeReport, NodeRepository } from '../domain/ports/nodes.ts'
import type { ProcessMarks } from '../domain/ports/orderRepositories.ts'
import { Stillness } from '../lib/stillness.ts'

export interface NodeReporterParts {
  readonly nodes: NodeRepository
  /** What this process is and holds, asked each time. */
  readonly report: () => NodeReport
  readonly processes: ProcessMarks
  readonly monotonicMs: () => number
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onFailure: (error: unknown) => void
  readonly everyMs?: number
}

/** How often a node says that it lives, and which KEKs it holds. */
export const REPORT_EVERY_MS = 5_000
/** A row that stood still for so long is swept away: who comes back writes another. */
const FORGOTTEN_MS = 600_000

/** Says which KEKs this process holds, and goes on saying so; no clock of two machines is compared (ADR 0029). */
export class NodeReporter {
  readonly #parts: NodeReporterParts
  readonly #stillness: Stillness
  readonly #stopped = new AbortController()
  #woken = new AbortController()
  #work: Promise<void> | undefined

  constructor(parts: NodeReporterParts) {
    this.#parts = parts
    this.#stillness = new Stillness(parts.monotonicMs, FORGOTTEN_MS / 2)
  }

  start(): void {
    this.#work ??= this.#untilStopped()
  }

  /** Something changed: there is no need to wait for the next report. */
  wake(): void {
    this.#woken.abort()
  }

  async stop(): Promise<void> {
    this.#stopped.abort()
    this.wake()
    await this.#work
    const { nodes, report } = this.#parts
    // Without the database the row stands still, and others sweep it away.
    if (this.#work !== undefined) await nodes.leave(report().id).catch(() => undefined)
  }

  async #untilStopped(): Promise<void> {
    const { wait, onFailure, everyMs = REPORT_EVERY_MS } = this.#parts
    while (!this.#stopped.signal.aborted) {
      this.#woken = new AbortController()
      await this.#reportAndSweep().catch(onFailure)
      if (!this.#stopped.signal.aborted) await wait(everyMs, this.#woken.signal)
    }
  }

  async #reportAndSweep(): Promise<void> {
    const { nodes, report, processes } = this.#parts
    const own = report()
    await nodes.report(own)
    const others = (await nodes.all()).filter(({ id }) => id !== own.id)
    const still = this.#stillness.look(new Map(others.map(({ id, beat }) => [id, String(beat)])))
    for (const { id } of others) {
      if (processes.isDead(id) || (still.get(id) ?? 0) > FORGOTTEN_MS) await nodes.leave(id)
    }
  }
}
