import type { IntegrityFinding } from '../domain/ports/crypto.ts'
import type { Caller } from '../model/requestContext.ts'
import type { Decision } from '../policy/policy.ts'
import { IsoClock, jsonText, jsonTextOrNull } from './jsonText.ts'
import { LineGatherer } from './lineGatherer.ts'
import { printableText } from './printable.ts'

export interface AuditOptions {
  readonly write: (lines: string) => void
  readonly epochMs: () => number
  /** Told of every line, for the metric. */
  readonly onLine: (event: AuditEvent) => void
}

export type AuditEvent = 'allowed' | 'denied' | 'unauthenticated' | 'integrity'

/** Who asked for what and was told what: one JSON line each, in a stream of its own. Never a payload. */
export class Audit {
  readonly #lines: LineGatherer
  readonly #clock: IsoClock
  readonly #callers = new WeakMap<Caller, string>()
  readonly #onLine: (event: AuditEvent) => void

  constructor({ write, epochMs, onLine }: AuditOptions) {
    this.#lines = new LineGatherer(write)
    this.#clock = new IsoClock(epochMs)
    this.#onLine = onLine
  }

  decided({ ctx, rule, kind, id, projectId, allowed }: Decision): void {
    const { caller } = ctx
    this.#add(
      allowed ? 'allowed' : 'denied',
      `"event":"decision","requestId":"${ctx.requestId}","globalRequestId":${jsonTextOrNull(ctx.globalRequestId)}` +
        `${this.#who(caller)},"remote":${jsonText(ctx.remoteAddress)},"rule":"${rule}","kind":"${kind}"` +
        `,"id":${jsonText(id)},"targetProject":${jsonText(projectId)},"allowed":${allowed}`,
    )
  }

  /** The same caller comes again and again. */
  #who(caller: Caller): string {
    let who = this.#callers.get(caller)
    if (who === undefined) {
      who =
        `,"strategy":"${caller.strategy}","user":${jsonTextOrNull(caller.userId)}` +
        `,"project":${jsonText(caller.projectId)}`
      this.#callers.set(caller, who)
    }
    return who
  }

  /** Somebody could not say who they are. */
  unauthenticated(request: {
    readonly requestId: string
    readonly remoteAddress: string
    readonly reason: string
  }): void {
    this.#add(
      'unauthenticated',
      `"event":"unauthenticated","requestId":${jsonText(request.requestId)}` +
        `,"remote":${jsonText(request.remoteAddress)},"reason":${jsonText(printableText(request.reason))}`,
    )
  }

  /** A stored record is not what we wrote. */
  integrity({ what, kind, id, projectId }: IntegrityFinding): void {
    this.#add(
      'integrity',
      `"event":"integrity","what":${jsonText(printableText(what))},"kind":${jsonText(kind)}` +
        `,"id":${jsonText(id)},"targetProject":${jsonTextOrNull(projectId)}`,
    )
    // Whoever changes rows by hand may stop the process next.
    this.#lines.flush()
  }

  flush(): void {
    this.#lines.flush()
  }

  #add(event: AuditEvent, rest: string): void {
    this.#lines.add(`{"time":"${this.#clock.now()}",${rest}}\n`)
    this.#onLine(event)
  }
}
