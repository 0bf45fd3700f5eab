import type { CompletedRequest } from '../http/observer.ts'
import type { Caller } from '../model/requestContext.ts'
import { IsoTimes, jsonText, jsonTextOrNull } from './jsonText.ts'
import { LineGatherer } from './lineGatherer.ts'

export interface AccessLogOptions {
  /** All requests, only those answered with 4xx or 5xx, or none. */
  readonly level: 'all' | 'errors' | 'none'
  /** Share of the successful requests that gets a line, 0 to 1. */
  readonly sample: number
  readonly write: (lines: string) => void
  readonly epochMs: () => number
}

interface Entry {
  readonly atMs: number
  readonly request: CompletedRequest
}

const NOBODY = ',"project":null,"user":null'

/**
 * One record per request. The line is put together by hand: this is the only log on the way of every
 * request. All it holds are ids, numbers and templates; no path, query, header or body gets here.
 */
export class AccessLog {
  readonly #options: AccessLogOptions
  readonly #lines: LineGatherer<Entry>
  readonly #times = new IsoTimes()
  readonly #callers = new WeakMap<Caller, string>()
  #share = 0

  constructor(options: AccessLogOptions) {
    this.#options = options
    this.#lines = new LineGatherer({
      print: ({ atMs, request }) => this.#line(atMs, request),
      write: options.write,
    })
  }

  record(request: CompletedRequest): void {
    if (!this.#isWanted(request)) return
    this.#lines.add({ atMs: this.#options.epochMs(), request })
  }

  #line(atMs: number, request: CompletedRequest): string {
    const { caller, microversion } = request
    return (
      `{"level":"info","time":"${this.#times.of(atMs)}","message":"request","method":"${request.method}"` +
      `,"route":"${request.route}","status":${request.status}` +
      `,"ms":${Math.round(request.durationMs * 1000) / 1000},"bytes":${request.bytes}` +
      `,"requestId":"${request.requestId}","globalRequestId":${jsonTextOrNull(request.globalRequestId)}` +
      `${caller === undefined ? NOBODY : this.#who(caller)},"remote":${jsonText(request.remoteAddress)}` +
      `,"microversion":${microversion === undefined ? 'null' : `"1.${microversion}"`}}\n`
    )
  }

  /** The same caller comes again and again. */
  #who(caller: Caller): string {
    let who = this.#callers.get(caller)
    if (who === undefined) {
      who = `,"project":${jsonText(caller.projectId)},"user":${jsonTextOrNull(caller.userId)}`
      this.#callers.set(caller, who)
    }
    return who
  }

  /** Hands on what waits, for a process about to end. */
  flush(): void {
    this.#lines.flush()
  }

  #isWanted({ status, route }: CompletedRequest): boolean {
    const { level } = this.#options
    if (level === 'none') return false
    // Of those a flood makes as many as it likes.
    if (status === 429) return this.#isInSample()
    if (status >= 400) return true
    // Load balancers ask every second or two, and nobody wants to read that.
    if (level === 'errors' || route === '/healthcheck') return false
    return this.#isInSample()
  }

  #isInSample(): boolean {
    this.#share += this.#options.sample
    if (this.#share < 1) return false
    this.#share -= 1
    return true
  }
}
