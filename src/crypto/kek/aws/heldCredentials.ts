import type { Clock } from '../../../lib/clock.ts'
import { SingleFlight } from '../../../lib/singleFlight.ts'
import { withDeadline } from '../../deadline.ts'
import type { CredentialSource } from './credentialSources.ts'
import type { AwsCredentials } from './sigV4.ts'

const TIMEOUT_MS = 5_000
/** Those about to end are exchanged while they still serve. */
const AHEAD_MS = 300_000
const RETRY_MS = 10_000

/** Credentials as they are needed, fetched anew in the background before they end. */
export class HeldCredentials {
  readonly #source: CredentialSource
  readonly #clock: Clock
  readonly #flights = new SingleFlight<'credentials', AwsCredentials>()
  #held: AwsCredentials | undefined
  #tryAgainAtMs = 0

  constructor(source: CredentialSource, clock: Clock) {
    this.#source = source
    this.#clock = clock
  }

  /** Where they come from, in an operator's words. */
  get sourceName(): string {
    return this.#source.name
  }

  /** @throws what the source throws */
  async current(signal: AbortSignal): Promise<AwsCredentials> {
    const held = this.#held
    const nowMs = this.#clock.epochMs()
    if (held === undefined || nowMs >= held.endsAtEpochMs) return await this.#waitedFor(signal)
    const isNearEnd = nowMs >= held.endsAtEpochMs - AHEAD_MS
    if (isNearEnd && this.#clock.monotonicMs() >= this.#tryAgainAtMs) {
      this.#tryAgainAtMs = this.#clock.monotonicMs() + RETRY_MS
      // The present ones serve until there are others, and also if there will be none.
      this.#fetched().catch(() => undefined)
    }
    return held
  }

  /** These were refused: the next call fetches others. */
  discard(refused: AwsCredentials): void {
    if (this.#held === refused) this.#held = undefined
  }

  close(): void {
    this.#source.close()
  }

  /** Shared by all who wait; one who gives up waiting does not end it for the others. */
  async #waitedFor(signal: AbortSignal): Promise<AwsCredentials> {
    signal.throwIfAborted()
    const { promise, reject } = Promise.withResolvers<never>()
    const giveUp = () => reject(signal.reason)
    signal.addEventListener('abort', giveUp)
    try {
      return await Promise.race([this.#fetched(), promise])
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  #fetched(): Promise<AwsCredentials> {
    return this.#flights.run('credentials', async () => {
      this.#held = await withDeadline(TIMEOUT_MS, (signal) => this.#source.fetch(signal))
      return this.#held
    })
  }
}
