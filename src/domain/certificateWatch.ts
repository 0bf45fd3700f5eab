import type { Clock } from '../lib/clock.ts'
import type { ProjectId, SecretId } from '../lib/ids.ts'
import { daysBefore, secondsOf, type Timestamp, timestampFrom } from '../lib/timestamp.ts'
import { WARNING_DAYS, type WarningDays } from '../model/certificateFacts.ts'
import type { CertificateCounts, CertificateRepository } from './ports/certificateRepositories.ts'

/** A stored certificate has so many days left at most; 0: it has ended. */
export interface CertificateEnding {
  readonly secretId: SecretId
  readonly projectId: ProjectId
  readonly notAfter: Timestamp
  readonly days: WarningDays
}

interface Parts {
  readonly certificates: Pick<
    CertificateRepository,
    'count' | 'dueWarnings' | 'noteWarning' | 'removeOrphans'
  >
  readonly clock: Clock
}

export interface CertificateRound {
  readonly batchSize: number
  /** Called between two batches; false ends the round. */
  readonly goesOn: () => Promise<boolean>
  readonly onEnding: (ending: CertificateEnding) => void
}

const DAY_SECONDS = 86_400
const SWEEP_EVERY_MS = 86_400_000

/**
 * Warns of stored certificates 30, 7 and 1 day before they end, and when they have ended: once each, for what
 * was said stands in the database, whoever says the next.
 */
export class CertificateWatch {
  readonly #parts: Parts
  #sweptAtMs: number | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  async count(): Promise<CertificateCounts> {
    const now = this.#parts.clock.now()
    const seconds = secondsOf(now)
    const inDays = (days: number): Timestamp => timestampFrom(seconds + days * DAY_SECONDS, 0)
    return this.#parts.certificates.count(now, [inDays(1), inDays(7), inDays(30)])
  }

  async run(round: CertificateRound): Promise<void> {
    if (await this.#warn(round)) await this.#sweep(round)
  }

  /** @returns whether all was done that was due */
  async #warn({ batchSize, goesOn, onEnding }: CertificateRound): Promise<boolean> {
    const { certificates, clock } = this.#parts
    const now = clock.now()
    for (;;) {
      const due = await certificates.dueWarnings(now, batchSize)
      for (const warning of due) {
        const { secretId, projectId, notAfter } = warning
        const { days, next } = stageOf(notAfter, now)
        // Noted first: a warning may be lost with its process, but never comes with every start.
        const isOurs = await certificates.noteWarning(warning, next)
        if (isOurs && days !== undefined) onEnding({ secretId, projectId, notAfter, days })
      }
      if (due.length < batchSize) return true
      if (!(await goesOn())) return false
    }
  }

  /** What the release before leaves while an upgrade goes through a cloud; looked for once a day. */
  async #sweep({ batchSize, goesOn }: CertificateRound): Promise<void> {
    const { certificates, clock } = this.#parts
    const nowMs = clock.monotonicMs()
    if (this.#sweptAtMs !== undefined && nowMs - this.#sweptAtMs < SWEEP_EVERY_MS) return
    let after: SecretId | undefined
    do {
      const { last } = await certificates.removeOrphans(after, batchSize)
      after = last
      if (after !== undefined && !(await goesOn())) return
    } while (after !== undefined)
    this.#sweptAtMs = nowMs
  }
}

/** undefined: a clock was set back since it was due, and the next warning is the first again; or the end is no time. */
function stageOf(
  notAfter: Timestamp,
  now: Timestamp,
): { readonly days: WarningDays | undefined; readonly next: Timestamp | null } {
  const left = secondsOf(notAfter) - secondsOf(now)
  if (Number.isNaN(left)) return { days: undefined, next: null }
  const at = WARNING_DAYS.findIndex((days) => left <= days * DAY_SECONDS)
  const sooner = WARNING_DAYS[at < 0 ? WARNING_DAYS.length - 1 : at - 1]
  return {
    days: WARNING_DAYS[at],
    next: sooner === undefined ? null : daysBefore(notAfter, sooner),
  }
}
