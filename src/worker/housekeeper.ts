import type { CertificateEnding, CertificateWatch } from '../domain/certificateWatch.ts'
import type { CertificateCounts } from '../domain/ports/certificateRepositories.ts'
import {
  NOTHING_PURGED,
  type Purged,
  type SecretPurge,
  type TombstonePurge,
  timeBefore,
} from '../domain/purge.ts'
import type { Clock } from '../lib/clock.ts'

/** How long something is kept once it is over. */
export type KeptSeconds = number | 'forever'

export interface HousekeeperParts {
  readonly expiredSecrets: Pick<SecretPurge, 'run'>
  readonly tombstones: Pick<TombstonePurge, 'run'>
  readonly certificates: Pick<CertificateWatch, 'count' | 'run'>
  readonly clock: Clock
  /** 0: it never runs. */
  readonly intervalSeconds: number
  readonly keepExpired: KeptSeconds
  readonly keepTombstones: KeptSeconds
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  readonly onCertificateEnding: (ending: CertificateEnding) => void
  /** undefined: from now on somebody else counts. */
  readonly onCertificates: (counts: CertificateCounts | undefined) => void
  readonly onRun: (run: HousekeepingRun) => void
  /** The next interval tries again. */
  readonly onFailure: (error: unknown) => void
}

export interface HousekeepingRun {
  readonly expiredSecrets: Purged
  readonly tombstones: Purged
  /** Tasks that failed, and were told to `onFailure`: what they did by then is not counted. */
  readonly failures: number
  readonly durationMs: number
}

/** Small, for its reads run on the loop that answers requests, and its writes before theirs. */
const BATCH = 100
const PAUSE_MS = 50

/**
 * Warns of stored certificates that end, and removes what is long over, every interval. The first run comes one interval after the start: a machine
 * that wakes up with a wrong clock has that long to set it. On a server's database it works under a lease;
 * should two nodes be at it for a moment, the one does not find what the other has removed.
 */
export class Housekeeper {
  readonly #parts: HousekeeperParts
  readonly #stopped = new AbortController()
  #work: Promise<void> | undefined
  /** Of the run under way. */
  #failures = 0

  constructor(parts: HousekeeperParts) {
    this.#parts = parts
  }

  /** For a database that has one server. */
  start(): void {
    this.#work ??= this.workUntil(this.#stopped.signal)
  }

  /** Returns when the batch under way is done. */
  async stop(): Promise<void> {
    this.#stopped.abort()
    await this.#work
  }

  /** Returns when the batch under way is done. */
  async workUntil(signal: AbortSignal): Promise<void> {
    const { intervalSeconds, wait, onCertificates } = this.#parts
    if (intervalSeconds === 0) return
    // To count changes nothing, and whoever watches would miss the numbers after each start.
    await this.#tried(() => this.#count())
    for (;;) {
      await wait(intervalSeconds * 1000, signal)
      if (signal.aborted) break
      await this.#run(signal)
    }
    onCertificates(undefined)
  }

  /** Each task for itself: none waits until another works again. @returns undefined when it failed */
  async #tried<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#failures += 1
      this.#parts.onFailure(error)
      return undefined
    }
  }

  async #count(): Promise<void> {
    const { certificates, onCertificates } = this.#parts
    onCertificates(await certificates.count())
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { expiredSecrets, tombstones, certificates, clock, keepExpired, keepTombstones } =
      this.#parts
    const startedAt = clock.monotonicMs()
    this.#failures = 0
    await this.#tried(() =>
      certificates.run({
        batchSize: BATCH,
        goesOn: () => this.#goesOn(signal),
        onEnding: this.#parts.onCertificateEnding,
      }),
    )
    const purged = {
      expiredSecrets: await this.#purged(expiredSecrets, keepExpired, signal),
      tombstones: await this.#purged(tombstones, keepTombstones, signal),
    }
    const durationMs = clock.monotonicMs() - startedAt
    await this.#tried(() => this.#count())
    this.#parts.onRun({ ...purged, failures: this.#failures, durationMs })
  }

  async #goesOn(signal: AbortSignal): Promise<boolean> {
    await this.#parts.wait(PAUSE_MS, signal)
    return !signal.aborted
  }

  async #purged(
    purge: Pick<TombstonePurge, 'run'>,
    seconds: KeptSeconds,
    signal: AbortSignal,
  ): Promise<Purged> {
    if (seconds === 'forever' || signal.aborted) return NOTHING_PURGED
    const order = {
      before: timeBefore(this.#parts.clock, seconds),
      batchSize: BATCH,
      goesOn: () => this.#goesOn(signal),
    }
    return (await this.#tried(() => purge.run(order))) ?? NOTHING_PURGED
  }
}
