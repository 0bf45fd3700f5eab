import { AggregatorRegistry, Gauge, Registry } from 'prom-client'
import type { ReadinessReport } from './readiness.ts'

/** What a worker says of itself. */
export interface ReportOfOne {
  /** As `Metrics.json` made them. */
  readonly metrics: readonly object[]
  readonly isReady: boolean
  readonly checks: Readonly<Record<string, string>>
}

export interface Workforce {
  readonly count: number
  reports(): Promise<readonly ReportOfOne[]>
  restarts(): number
  isDraining(): boolean
}

/** The metrics of several processes as those of one: counters and sizes are summed, states are the worst. */
export class MetricsOfAll {
  readonly #workforce: Workforce

  constructor(workforce: Workforce) {
    this.#workforce = workforce
  }

  readonly contentType = Registry.PROMETHEUS_CONTENT_TYPE

  async text(): Promise<string> {
    const reports = await this.#workforce.reports()
    const all = AggregatorRegistry.aggregate(reports.map(({ metrics }) => [...metrics]))
    const own = new Registry()
    const gauge = (name: string, help: string, value: number): void =>
      new Gauge({ name, help, registers: [own] }).set(value)
    gauge('gatehouse_workers', 'Processes that serve here.', reports.length)
    gauge(
      'gatehouse_worker_restarts',
      'Workers that died and were started again.',
      this.#workforce.restarts(),
    )
    return `${await all.metrics()}\n${await own.metrics()}`
  }
}

/** Ready while at least half of the workers are: fewer would be a trickle, and the other nodes do better. */
export class ReadinessOfAll {
  readonly #workforce: Workforce

  constructor(workforce: Workforce) {
    this.#workforce = workforce
  }

  async report(): Promise<ReadinessReport> {
    const { count } = this.#workforce
    if (this.#workforce.isDraining()) return { ready: false, checks: { process: 'draining' } }
    const reports = await this.#workforce.reports()
    const ready = reports.filter(({ isReady }) => isReady).length
    const checks: Record<string, string> = {}
    for (const { checks: ofOne } of reports) {
      for (const [name, verdict] of Object.entries(ofOne)) {
        if ((checks[name] ?? 'ok') === 'ok') checks[name] = verdict
      }
    }
    checks['workers'] = ready === count ? 'ok' : `failed: ${ready} of ${count} are ready`
    return { ready: ready * 2 >= count, checks }
  }
}
