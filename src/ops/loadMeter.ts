import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import type { LoopDelay } from './loopDelay.ts'

/** How busy the event loop is: what is left over is what work in the background may have. */
export class LoopLoad {
  readonly #loopDelay: Pick<LoopDelay, 'delayMs' | 'isOverloaded'>
  #last: EventLoopUtilization = performance.eventLoopUtilization()

  constructor(loopDelay: Pick<LoopDelay, 'delayMs' | 'isOverloaded'>) {
    this.#loopDelay = loopDelay
  }

  /** How long it was at work, and how long it waited, since the last call. */
  spent(): { readonly activeMs: number; readonly idleMs: number } {
    const now = performance.eventLoopUtilization()
    const { active, idle } = performance.eventLoopUtilization(now, this.#last)
    this.#last = now
    return { activeMs: active, idleMs: idle }
  }

  delayMs(): number {
    return this.#loopDelay.delayMs
  }

  isOverloaded(): boolean {
    return this.#loopDelay.isOverloaded()
  }
}
