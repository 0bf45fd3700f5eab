import type { CompletedRequest, RequestObserver } from '../http/observer.ts'
import { Fault } from '../lib/fault.ts'
import type { Log, LogFields } from '../lib/log.ts'
import type { AccessLog } from './accessLog.ts'
import type { Audit } from './audit.ts'
import type { Metrics } from './metrics.ts'

export interface RequestWatchParts {
  readonly accessLog: AccessLog
  readonly metrics: Metrics
  readonly audit: Audit | undefined
  readonly log: Log
  readonly monotonicMs?: () => number
}

/** While something is away every request fails alike, and writing each down would make it worse. */
const AWAY_LINE_EVERY_MS = 1000

/** Turns what happens at the door into access log, metrics, log and audit. */
export class RequestWatch implements RequestObserver {
  readonly #parts: RequestWatchParts
  readonly #monotonicMs: () => number
  #lastAwayMs = Number.NEGATIVE_INFINITY
  #alike = 0

  constructor(parts: RequestWatchParts) {
    this.#parts = parts
    this.#monotonicMs = parts.monotonicMs ?? (() => performance.now())
  }

  completed(request: CompletedRequest): void {
    this.#parts.metrics.requestCompleted(request)
    this.#parts.accessLog.record(request)
  }

  failed(error: unknown, { requestId, route }: { requestId: string; route: string }): void {
    const { log } = this.#parts
    const fields = { requestId, route, error: error instanceof Error ? error : undefined }
    if (error instanceof Fault && error.kind === 'unavailable') {
      this.#away(fields)
    } else if (error instanceof Fault && error.kind === 'corrupted') {
      // The alarm was raised where it was found; this line ties it to the request.
      log.error(fields, 'answered 500: the stored record is not what was written')
    } else {
      log.error({ ...fields, thrown: typeof error }, 'answered 500: this is a bug')
    }
  }

  #away(fields: LogFields): void {
    const nowMs = this.#monotonicMs()
    if (nowMs - this.#lastAwayMs < AWAY_LINE_EVERY_MS) {
      this.#alike += 1
      return
    }
    const message = 'answered 503: something this service needs is away'
    this.#parts.log.warn({ ...fields, alikeSinceLastLine: this.#alike }, message)
    this.#lastAwayMs = nowMs
    this.#alike = 0
  }

  refused(request: {
    readonly requestId: string
    readonly remoteAddress: string
    readonly reason: string
  }): void {
    this.#parts.audit?.unauthenticated(request)
  }
}
