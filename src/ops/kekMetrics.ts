import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

const CALL_SECONDS = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5]

export interface KekCall {
  /** Name of the KEK store: the configuration chose it. */
  readonly store: string
  readonly operation: 'wrap' | 'unwrap'
  readonly outcome: string
  readonly durationMs: number
}

/** What KEK stores are asked, and whether they answer. */
export class KekMetrics {
  readonly #calls: Histogram<'store' | 'operation' | 'outcome'>
  readonly #up: Gauge<'store'>
  readonly #hsmLosses: Counter<'store'>

  constructor(registry: Registry) {
    const registers = [registry]
    this.#calls = new Histogram({
      name: 'gatehouse_kek_call_duration_seconds',
      help: 'Calls to the KEK store.',
      labelNames: ['store', 'operation', 'outcome'],
      buckets: CALL_SECONDS,
      registers,
    })
    this.#up = new Gauge({
      name: 'gatehouse_kek_store_up',
      help: '1 while a KEK store answers, 0 while it is asked no more but once in a while. Absent until one was away.',
      labelNames: ['store'],
      aggregator: 'min',
      registers,
    })
    this.#hsmLosses = new Counter({
      name: 'gatehouse_hsm_losses_total',
      help: 'Processes that talked to an HSM and were given up: crashed, hung, or logged out.',
      labelNames: ['store'],
      registers,
    })
  }

  called({ store, operation, outcome, durationMs }: KekCall): void {
    this.#calls.observe({ store, operation, outcome }, durationMs / 1000)
  }

  storeIsUp(store: string, isUp: boolean): void {
    this.#up.set({ store }, isUp ? 1 : 0)
  }

  hsmLost(store: string): void {
    this.#hsmLosses.inc({ store })
  }
}
