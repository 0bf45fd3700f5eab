import type { KekStore, WrappedKey } from '../domain/ports/crypto.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault, unavailable } from '../lib/fault.ts'
import { withDeadline } from './deadline.ts'
import type { KeyringEvent } from './keyringEvent.ts'

/** How long a KEK store that did not answer is left alone by those who can do without it. */
const REST_MS = 5_000

export interface KekCallsParts {
  readonly kekStore: KekStore
  readonly clock: Clock
  readonly timeoutMs: number
  readonly onEvent: ((event: KeyringEvent) => void) | undefined
}

/**
 * Calls to the KEK store, each with a deadline, and what the last one says of the store's health.
 * Fault('corrupted') is the store's refusal; everything else it throws becomes Fault('unavailable').
 */
export class KekCalls {
  readonly #kekStore: KekStore
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onEvent: ((event: KeyringEvent) => void) | undefined
  #downUntil: number | undefined

  constructor(parts: KekCallsParts) {
    this.#kekStore = parts.kekStore
    this.#clock = parts.clock
    this.#timeoutMs = parts.timeoutMs
    this.#onEvent = parts.onEvent
  }

  get storeName(): string {
    return this.#kekStore.name
  }

  /** Did the last call go unanswered? */
  isDown(): boolean {
    return this.#downUntil !== undefined
  }

  /** May someone who can do without call it now? While it is away, one call in a while finds out. */
  admitsProbe(): boolean {
    if (this.#downUntil === undefined) return true
    const nowMs = this.#clock.monotonicMs()
    if (nowMs < this.#downUntil) return false
    this.#downUntil = nowMs + REST_MS
    return true
  }

  wrap(projectKey: Uint8Array, context: Uint8Array): Promise<WrappedKey> {
    return this.#call('wrap', (signal) => this.#kekStore.wrap(projectKey, context, signal))
  }

  unwrap(wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array> {
    return this.#call('unwrap', (signal) => this.#kekStore.unwrap(wrapped, context, signal))
  }

  async #call<T>(
    operation: 'wrap' | 'unwrap',
    work: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const startedMs = this.#clock.monotonicMs()
    const report = (outcome: 'done' | 'refused' | 'unavailable') => {
      const nowMs = this.#clock.monotonicMs()
      this.#downUntil = outcome === 'unavailable' ? nowMs + REST_MS : undefined
      this.#onEvent?.({
        kind: 'kekCall',
        store: this.storeName,
        operation,
        outcome,
        durationMs: nowMs - startedMs,
      })
    }
    try {
      const answer = await withDeadline(this.#timeoutMs, work)
      report('done')
      return answer
    } catch (cause) {
      const isRefusal = cause instanceof Fault && cause.kind === 'corrupted'
      report(isRefusal ? 'refused' : 'unavailable')
      if (cause instanceof Fault && (isRefusal || cause.kind === 'unavailable')) throw cause
      throw unavailable(`KEK store ${this.#kekStore.name} did not ${operation} a key.`, cause)
    }
  }
}
