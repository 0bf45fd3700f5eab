import type { KekStore, WrappedKey } from '../domain/ports/crypto.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault, unavailable } from '../lib/fault.ts'
import { randomFraction } from '../lib/randomFraction.ts'
import { Breaker } from './breaker.ts'
import { withDeadline } from './deadline.ts'
import { Gate, GateIsFull } from './gate.ts'
import type { KeyringEvent } from './keyringEvent.ts'

/**
 * When a store comes back, or a node starts, every project wants its key at once: a few sessions of an
 * HSM serve them one after the other, and nobody is served sooner by asking all at a time.
 */
const MOST_AT_ONCE = 16
/** Beyond it a caller hears at once what it would hear after its deadline. */
const MOST_WAITING = 1_024

export interface KekCallsParts {
  readonly kekStore: KekStore
  readonly clock: Clock
  readonly timeoutMs: number
  readonly onEvent: ((event: KeyringEvent) => void) | undefined
  /** From 0 up to, not including, 1; for spreading retries. */
  readonly random?: () => number
}

type Operation = 'wrap' | 'unwrap'

/**
 * Calls to the KEK store, of whatever kind: a few at a time, each with a deadline, and none while it is
 * known not to answer. Fault('corrupted') is the store's refusal; everything else it throws becomes
 * Fault('unavailable').
 */
export class KekCalls {
  readonly #kekStore: KekStore
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #onEvent: ((event: KeyringEvent) => void) | undefined
  readonly #breaker: Breaker
  readonly #gate = new Gate(MOST_AT_ONCE, MOST_WAITING)

  constructor({ kekStore, clock, timeoutMs, onEvent, random = randomFraction }: KekCallsParts) {
    this.#kekStore = kekStore
    this.#clock = clock
    this.#timeoutMs = timeoutMs
    this.#onEvent = onEvent
    this.#breaker = new Breaker({ clock, random, timeoutMs })
  }

  get storeName(): string {
    return this.#kekStore.name
  }

  /** Under which KEK it wraps now. */
  get currentKekId(): string {
    return this.#kekStore.describe().currentKekId
  }

  /** Did the last call go unanswered? */
  isDown(): boolean {
    return this.#breaker.isDown
  }

  /** May someone who can do without call it now? While it is away, one call in a while finds out. */
  admitsProbe(): boolean {
    return !this.#gate.isCrowded && this.#breaker.admitsProbe()
  }

  wrap(projectKey: Uint8Array, context: Uint8Array): Promise<WrappedKey> {
    return this.#call('wrap', (signal) => this.#kekStore.wrap(projectKey, context, signal))
  }

  unwrap(wrapped: WrappedKey, context: Uint8Array): Promise<Uint8Array> {
    return this.#call('unwrap', (signal) => this.#kekStore.unwrap(wrapped, context, signal))
  }

  /** The deadline counts from here, waiting for one's turn included. */
  async #call<T>(operation: Operation, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    try {
      return await withDeadline(this.#timeoutMs, (signal) =>
        this.#gate.run(() => this.#ask(operation, work, signal)),
      )
    } catch (cause) {
      if (cause instanceof Fault && (cause.kind === 'corrupted' || cause.kind === 'unavailable')) {
        throw cause
      }
      const why = cause instanceof GateIsFull ? 'has more to do than it can' : 'did not answer'
      throw unavailable(`KEK store ${this.storeName} ${why}: no ${operation}.`, cause)
    }
  }

  async #ask<T>(
    operation: Operation,
    work: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    signal.throwIfAborted()
    const attempt = this.#breaker.admit()
    if (attempt === undefined) throw this.#resting()
    const startedMs = this.#clock.monotonicMs()
    const report = (outcome: 'done' | 'refused' | 'unavailable') =>
      this.#onEvent?.({
        kind: 'kekCall',
        store: this.storeName,
        operation,
        outcome,
        durationMs: this.#clock.monotonicMs() - startedMs,
      })
    try {
      const answer = await untilFired(work(signal), signal)
      report('done')
      this.#answered()
      return answer
    } catch (cause) {
      const isRefusal = cause instanceof Fault && cause.kind === 'corrupted'
      report(isRefusal ? 'refused' : 'unavailable')
      if (isRefusal) this.#answered()
      else if (this.#breaker.failed(attempt, signal.aborted)) {
        this.#onEvent?.({ kind: 'kekStoreAway', store: this.storeName, cause })
      }
      throw cause
    }
  }

  /** It was away for a reason that somebody has removed. */
  isBack(): void {
    this.#told(this.#breaker.reset())
  }

  #answered(): void {
    this.#told(this.#breaker.succeeded())
  }

  #told(wasOpen: boolean): void {
    if (wasOpen) this.#onEvent?.({ kind: 'kekStoreBack', store: this.storeName })
  }

  #resting(): Fault {
    const seconds = Math.max(1, Math.ceil(this.#breaker.restMs / 1000))
    return unavailable(
      `KEK store ${this.storeName} does not answer; it is asked again in ${seconds} s.`,
      undefined,
      seconds,
    )
  }
}

/**
 * A store that does not heed its signal must not keep its place, or sixteen such calls stop all others.
 * A key that comes too late is wiped: nobody else would.
 */
function untilFired<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      work.then(
        (late) => late instanceof Uint8Array && late.fill(0),
        () => undefined,
      )
      reject(signal.reason)
    }
    signal.addEventListener('abort', onAbort, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
