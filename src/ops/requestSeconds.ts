import { Histogram, type Registry } from 'prom-client'
import type { CompletedRequest } from '../http/observer.ts'
import { Observations } from './observations.ts'

const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
const KNOWN_METHODS = new Set(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])

/** How long requests took, the one histogram that every request adds to. */
export class RequestSeconds {
  readonly #histogram: Histogram<'method' | 'route' | 'status'>
  /** By route, method and status: three look-ups are cheaper than to put one name together. */
  readonly #series = new Map<string, Map<string, Map<number, Observations>>>()
  readonly #all: Observations[] = []

  constructor(registry: Registry) {
    const all = this.#all
    this.#histogram = new Histogram({
      name: 'gatehouse_http_request_duration_seconds',
      help: 'Requests, from the first byte of one to the last byte of its answer.',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS,
      registers: [registry],
      collect() {
        for (const observations of all) observations.handOn()
      },
    })
  }

  observe({ method, route, status, durationMs }: CompletedRequest): void {
    // A client may send any method; a label may not hold any.
    const label = KNOWN_METHODS.has(method) ? method : 'other'
    const known = this.#series.get(route)?.get(label)?.get(status)
    const observations = known ?? this.#begin(label, route, status)
    observations.add(durationMs / 1000)
  }

  #begin(method: string, route: string, status: number): Observations {
    const labels = { method, route, status: String(status) }
    const observations = new Observations(this.#histogram.labels(labels))
    this.#all.push(observations)
    const ofRoute = this.#series.get(route) ?? new Map<string, Map<number, Observations>>()
    const ofMethod = ofRoute.get(method) ?? new Map<number, Observations>()
    this.#series.set(route, ofRoute.set(method, ofMethod.set(status, observations)))
    return observations
  }
}
