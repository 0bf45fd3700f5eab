import type { CompletedRequest, RequestObserver } from '../http/observer.ts'
import { Fault } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import type { AccessLog } from './accessLog.ts'
import type { Audit } from './audit.ts'
import type { Metrics } from './metrics.ts'

export interface RequestWatchParts {
  readonly accessLog: AccessLog
  readonly metrics: Metrics
  readonly audit: Audit | undefined
  readonly log: Log
}

/** Turns what happens at the door into access log, metrics, log and audit. */
export class RequestWatch implements RequestObserver {
  readonly #parts: RequestWatchParts

  constructor(parts: RequestWatchParts) {
    this.#parts = parts
  }

  completed(request: CompletedRequest): void {
    this.#parts.metrics.requestCompleted(request)
    this.#parts.accessLog.record(request)
  }

  failed(error: unknown, { requestId, route }: { requestId: string; route: string }): void {
    const { log } = this.#parts
    const fields = { requestId, route, error: error instanceof Error ? error : undefined }
    if (error instanceof Fault && error.kind === 'unavailable') {
      log.warn(fields, 'answered 503: something this service needs is away')
    } else if (error instanceof Fault && error.kind === 'corrupted') {
      // The alarm was raised where it was found; this line ties it to the request.
      log.error(fields, 'answered 500: the stored record is not what was written')
    } else {
      log.error({ ...fields, thrown: typeof error }, 'answered 500: this is a bug')
    }
  }

  refused(request: {
    readonly requestId: string
    readonly remoteAddress: string
    readonly reason: string
  }): void {
    this.#parts.audit?.unauthenticated(request)
  }
}
