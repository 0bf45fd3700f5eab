import { FileWatch } from './fileWatch.ts'
import type { LookOutcome, Served, ServedCertificates } from './servedCertificates.ts'
import { secondsLeft } from './servedCertificates.ts'
import { readTicketSecret, type TicketKeys } from './ticketKeys.ts'

export type CertificateEvent =
  | { readonly kind: 'replaced'; readonly served: Served }
  /** What is served stays. Told once, until the files hold something else. */
  | { readonly kind: 'refused'; readonly name: string; readonly reason: string }
  /** The files are again what is served. */
  | { readonly kind: 'healed'; readonly name: string }
  | { readonly kind: 'expiring'; readonly served: Served; readonly days: number }

export interface CertificateFollowerParts {
  readonly certificates: ServedCertificates
  readonly tickets: { readonly keys: TicketKeys; readonly file: string } | undefined
  /** Something was replaced. */
  readonly onRefresh: () => void
  readonly onEvent: (event: CertificateEvent) => void
  readonly epochMs: () => number
  readonly times?: Partial<typeof TIMES>
}

const TIMES = {
  quietMs: 250,
  /** A certificate and its key are seldom written at one instant. */
  settleMs: 2_000,
  lookEveryMs: 10_000,
}
const DAY_SECONDS = 86_400
/** Days before the end at which somebody is told; 0: it is over. */
const WARNINGS = [0, 1, 7, 30]

/** Takes up certificates as they change on disk, and says when one is about to end. Never keeps the process alive. */
export class CertificateFollower {
  readonly #parts: CertificateFollowerParts
  readonly #times: typeof TIMES
  readonly #watch: FileWatch
  readonly #refused = new Map<string, string>()
  /** By certificate: the digest and the days that were told of. */
  readonly #told = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #again: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()

  constructor(parts: CertificateFollowerParts) {
    this.#parts = parts
    this.#times = { ...TIMES, ...parts.times }
    const files = parts.certificates.all.flatMap(({ options: { certFile, keyFile, caFile } }) => [
      certFile,
      keyFile,
      ...(caFile === undefined ? [] : [caFile]),
    ])
    this.#watch = new FileWatch({
      files: [...files, ...(parts.tickets === undefined ? [] : [parts.tickets.file])],
      onChange: () => void this.#lookPatiently(),
      quietMs: this.#times.quietMs,
    })
  }

  async start(): Promise<void> {
    this.#warnOfExpiry()
    await this.#watch.arm()
    this.#timer = setInterval(() => void this.#lookPatiently(), this.#times.lookEveryMs).unref()
  }

  stop(): void {
    this.#watch.close()
    clearInterval(this.#timer)
    clearTimeout(this.#again)
  }

  /** One look that does not wait for what may still be coming; for SIGHUP. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(async () => this.#settle(await this.#parts.certificates.look()))
  }

  /** What is broken gets a little time before anybody is told. */
  #lookPatiently(): Promise<void> {
    return this.#inTurn(async () => {
      const outcomes = await this.#parts.certificates.look()
      const isNews = ({ name, ...it }: LookOutcome): boolean =>
        it.kind === 'refused' && this.#refused.get(name) !== it.reason
      if (outcomes.some(isNews)) {
        clearTimeout(this.#again)
        this.#again = setTimeout(() => void this.look(), this.#times.settleMs).unref()
      }
      this.#settle(outcomes.filter((outcome) => !isNews(outcome)))
    })
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#looking = this.#looking.then(work).then(
      async () => {
        await this.#lookAtTicketSecret()
        this.#warnOfExpiry()
        await this.#watch.arm()
      },
      (error: unknown) => this.#refuse('all', String(error)),
    )
    return this.#looking
  }

  #settle(outcomes: readonly LookOutcome[]): void {
    const { onEvent, onRefresh } = this.#parts
    if (outcomes.some(({ kind }) => kind === 'replaced')) onRefresh()
    for (const outcome of outcomes) {
      if (outcome.kind === 'refused') {
        this.#refuse(outcome.name, outcome.reason)
        continue
      }
      const wasRefused = this.#refused.delete(outcome.name)
      if (outcome.kind === 'replaced') onEvent(outcome)
      else if (wasRefused) onEvent({ kind: 'healed', name: outcome.name })
    }
  }

  #refuse(name: string, reason: string): void {
    if (this.#refused.get(name) === reason) return
    this.#refused.set(name, reason)
    this.#parts.onEvent({ kind: 'refused', name, reason })
  }

  async #lookAtTicketSecret(): Promise<void> {
    const { tickets, onRefresh } = this.#parts
    if (tickets === undefined) return
    try {
      const secret = await readTicketSecret(tickets.file)
      if (tickets.keys.replaceSecret(secret)) onRefresh()
      if (this.#refused.delete('tickets')) this.#parts.onEvent({ kind: 'healed', name: 'tickets' })
    } catch (error) {
      this.#refuse('tickets', error instanceof Error ? error.message : 'unknown')
    }
  }

  /** Each warning once for each certificate. */
  #warnOfExpiry(): void {
    for (const served of this.#parts.certificates.all) {
      const left = secondsLeft(served, this.#parts.epochMs())
      const days = WARNINGS.find((limit) => left <= limit * DAY_SECONDS)
      const told = `${served.material.digest} ${days}`
      if (this.#told.get(served.options.name) === told) continue
      this.#told.set(served.options.name, told)
      if (days !== undefined) this.#parts.onEvent({ kind: 'expiring', served, days })
    }
  }
}
