import type { KekDescription, SealableKekStore, WrappedKey } from '../../domain/ports/crypto.ts'
import type { CapableKekStore, KnownKek } from '../../domain/ports/kekChanges.ts'
import type { CanaryRow } from '../../domain/ports/keyRepositories.ts'
import { unavailable } from '../../lib/fault.ts'
import { SingleFlight } from '../../lib/singleFlight.ts'

export interface LateKekStoreParts {
  readonly name: string
  /** Those of this store: what it will have to hold. */
  readonly canaries: readonly CanaryRow[]
  /** Opens it and sees that it is the one. Asked again with each call until it is. */
  readonly open: () => Promise<CapableKekStore>
}

/**
 * The KEK store of one tenant, away or gone when the server started (ADR 0057): its projects get 503, and everybody else
 * is served. The breaker before it says how often it is tried.
 */
export class LateKekStore implements SealableKekStore {
  readonly name: string
  readonly #parts: LateKekStoreParts
  readonly #openings = new SingleFlight<'open', CapableKekStore>()
  #opened: CapableKekStore | undefined
  #isClosed = false

  constructor(parts: LateKekStoreParts) {
    this.name = parts.name
    this.#parts = parts
  }

  get isSealed(): boolean {
    return this.#opened === undefined
  }

  seal(): void {
    void this.#opened?.close()
    this.#opened = undefined
  }

  describe(): KekDescription {
    if (this.#opened !== undefined) return this.#opened.describe()
    const { canaries } = this.#parts
    return {
      kind: 'not opened',
      currentKekId: canaries.at(-1)?.wrapped.kekId ?? '',
      keks: canaries.map(({ wrapped, fingerprint, createdAt, retiredAt }) => ({
        id: wrapped.kekId,
        state: (retiredAt ?? null) === null ? 'decrypt-only' : 'retired',
        fingerprint,
        createdAt,
      })),
      protection: 'not opened',
    }
  }

  async wrap(
    projectKey: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    return (await this.#open()).wrap(projectKey, context, signal)
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return (await this.#open()).unwrap(wrapped, context, signal)
  }

  async health(signal: AbortSignal): Promise<void> {
    return (await this.#open()).health(signal)
  }

  /** What changed outside before it is opened is found when it is. */
  async reload(take: (found: KekDescription) => Promise<void>): Promise<'same' | 'changed'> {
    return (await this.#opened?.reload?.(take)) ?? 'same'
  }

  follow(known: readonly KnownKek[]): boolean {
    return this.#opened?.follow?.(known) ?? false
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#opened?.close()
  }

  #open(): CapableKekStore | Promise<CapableKekStore> {
    if (this.#isClosed) throw unavailable(`The KEK store ${this.name} is closed.`)
    return this.#opened ?? this.#openings.run('open', () => this.#openNow())
  }

  async #openNow(): Promise<CapableKekStore> {
    const opened = await this.#parts.open().catch((cause: unknown) => {
      throw unavailable(`The KEK store ${this.name} cannot be opened.`, cause)
    })
    if (this.#isClosed) {
      await opened.close()
      throw unavailable(`The KEK store ${this.name} is closed.`)
    }
    this.#opened = opened
    return opened
  }
}
