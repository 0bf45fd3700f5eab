import { type EventLoopUtilization, performance } from 'node:perf_hooks'
import type { LoopDelay } from './loopDelay.ts'

/** How busy the event loop is: what is left over is what work in the background may have. */
export class LoopLoad {
  readonly #loopDelay: Pick<LoopDelay, 'delayMs' | 'isOverloaded'>
  #last: EventLoopUtilization = performance.eventLoopUtilization()

  constructor(loopDelay: Pick<LoopDelay, 'delayMs' | 'isOverloaded'>) {
    this.#loopDelay = loopDelay
  }

  /** Since the last call. */
  utilization(): number {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#last)
    this.#last = now
    return utilization
  }

  delayMs(): number {
    return this.#loopDelay.delayMs
  }

  isOverloaded(): boolean {
    return this.#loopDelay.isOverloaded()
  }
}
