import type { IntegrityFinding } from '../domain/ports/crypto.ts'
import type { LimitedRequest } from '../http/rateLimits.ts'
import type { Caller } from '../model/requestContext.ts'
import type { Decision } from '../policy/policy.ts'
import { IsoTimes, jsonText, jsonTextOrNull } from './jsonText.ts'
import { LineGatherer } from './lineGatherer.ts'
import { printableText } from './printable.ts'

export interface AuditOptions {
  readonly write: (lines: string) => void
  readonly epochMs: () => number
  /** Told of every line, for the metric. */
  readonly onLine: (event: AuditEvent) => void
}

export type AuditEvent =
  | 'allowed'
  | 'denied'
  | 'unauthenticated'
  | 'limited'
  | 'integrity'
  | 'project'
  | 'key'

/** What happened, to be put into words later. */
interface Entry {
  readonly atMs: number
  readonly words: Decision | string
}

/** Who asked for what and was told what: one JSON line each, in a stream of its own. Never a payload. */
export class Audit {
  readonly #options: AuditOptions
  readonly #lines: LineGatherer<Entry>
  readonly #times = new IsoTimes()
  readonly #callers = new WeakMap<Caller, string>()

  constructor(options: AuditOptions) {
    this.#options = options
    this.#lines = new LineGatherer({ print: (entry) => this.#line(entry), write: options.write })
  }

  decided(decision: Decision): void {
    this.#add(decision.allowed ? 'allowed' : 'denied', decision)
  }

  #line({ atMs, words }: Entry): string {
    const rest = typeof words === 'string' ? words : this.#decision(words)
    return `{"time":"${this.#times.of(atMs)}",${rest}}\n`
  }

  #decision({ ctx, rule, kind, id, projectId, allowed }: Decision): string {
    return (
      `"event":"decision","requestId":"${ctx.requestId}","globalRequestId":${jsonTextOrNull(ctx.globalRequestId)}` +
      `${this.#who(ctx.caller)},"remote":${jsonText(ctx.remoteAddress)},"rule":"${rule}","kind":"${kind}"` +
      `,"id":${jsonText(id)},"targetProject":${jsonText(projectId)},"allowed":${allowed}`
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

  /** One of the requests that were answered 429; many more may be like it. */
  limited(request: LimitedRequest & { readonly heldBack: number }): void {
    const { kind, remoteAddress, projectId, userId, heldBack } = request
    this.#add(
      'limited',
      `"event":"limited","limit":"${kind}","remote":${jsonText(remoteAddress)},"user":${jsonTextOrNull(userId ?? null)}` +
        `,"project":${jsonTextOrNull(projectId ?? null)},"heldBack":${heldBack}`,
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

  /** A project was deleted elsewhere, and ends here. */
  projectEnds(what: string, projectId: string): void {
    this.#add(
      'project',
      `"event":"project","what":"${what}","targetProject":${jsonText(projectId)}`,
    )
    this.#lines.flush()
  }

  /** Keys that were made, moved or destroyed, by whom the log says. */
  keysChange(what: string, about: Readonly<Record<string, string | number>>): void {
    const facts = Object.entries(about).map(
      ([name, value]) => `,"${name}":${typeof value === 'number' ? value : jsonText(value)}`,
    )
    this.#add('key', `"event":"key","what":"${what}"${facts.join('')}`)
    this.#lines.flush()
  }

  flush(): void {
    this.#lines.flush()
  }

  #add(event: AuditEvent, words: Entry['words']): void {
    this.#lines.add({ atMs: this.#options.epochMs(), words })
    this.#options.onLine(event)
  }
}
