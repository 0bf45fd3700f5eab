import type { LeaseRepository, LeaseSeen } from '../domain/ports/leases.ts'
import { Stillness } from '../lib/stillness.ts'

export type LeaseEvent =
  | { readonly type: 'taken' | 'givenBack' }
  /** 'another': somebody else holds it; 'unsure': the database did not confirm that it is still ours. */
  | { readonly type: 'lost'; readonly why: 'another' | 'unsure' }
  /** It could not be looked at or taken; the next look comes by itself. */
  | { readonly type: 'blocked'; readonly error: Error }

export interface LeaseTimes {
  readonly lookEveryMs: number
  readonly beatEveryMs: number
  /** A holder that did not beat for so long is dead, or has stopped by itself. */
  readonly stillMs: number
  /** A holder that is not told for so long that the lease is still its own stops: well before others take it. */
  readonly unsureMs: number
}

export const LEASE_TIMES: LeaseTimes = {
  lookEveryMs: 3_000,
  beatEveryMs: 3_000,
  stillMs: 15_000,
  unsureMs: 10_000,
}

export interface LeaseKeeperParts {
  readonly leases: LeaseRepository
  readonly name: string
  /** This process. */
  readonly owner: string
  /** Is there anything to do? Without it the lease is held whether or not. */
  readonly isWanted?: () => Promise<boolean>
  /** True only where it can be shown: nobody then waits for a lease to stand still. */
  readonly isDead?: (owner: string) => boolean
  /** Returns soon after its signal is aborted. Must not throw. */
  readonly work: (signal: AbortSignal) => Promise<void>
  readonly monotonicMs: () => number
  /** Returns when the time is over, or sooner once the signal is aborted. */
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>
  /** Must not throw. */
  readonly onEvent: (event: LeaseEvent) => void
  readonly times?: Partial<LeaseTimes>
}

/**
 * Does its work while it holds a lease (ADR 0029), and so on one node at a time. A node that dies is
 * followed by another after `stillMs` and two looks.
 */
export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts
  readonly #times: LeaseTimes
  readonly #stillness: Stillness
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #isHolder = false

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts
    this.#times = { ...LEASE_TIMES, ...parts.times }
    this.#stillness = new Stillness(parts.monotonicMs, this.#times.stillMs / 2)
  }

  get isHolder(): boolean {
    return this.#isHolder
  }

  start(): void {
    this.#running ??= this.#untilStopped()
  }

  /** Returns when the work has ended and the lease is free for the next. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #untilStopped(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const askedMs = this.#parts.monotonicMs()
      if (await this.#isTaken()) await this.#hold(askedMs)
      await this.#parts.wait(this.#times.lookEveryMs, signal)
    }
  }

  async #isTaken(): Promise<boolean> {
    const { leases, name, owner, onEvent, isWanted } = this.#parts
    try {
      if (isWanted !== undefined && !(await isWanted())) return false
      const seen = await leases.look(name)
      return this.#isFree(seen) && (await leases.take(name, owner, seen))
    } catch (error) {
      onEvent({ type: 'blocked', error: asError(error) })
      return false
    }
  }

  #isFree(seen: LeaseSeen | undefined): boolean {
    const { name, owner } = this.#parts
    const marks = new Map(seen === undefined ? [] : [[name, String(seen.beat)]])
    const stillMs = this.#stillness.look(marks).get(name) ?? 0
    // Our own: it was taken, and the answer was lost.
    if (seen === undefined || seen.owner === null || seen.owner === owner) return true
    if (this.#parts.isDead?.(seen.owner) === true) return true
    return stillMs > this.#times.stillMs
  }

  async #hold(takenMs: number): Promise<void> {
    const { leases, name, owner, work, onEvent } = this.#parts
    const ended = new AbortController()
    this.#isHolder = true
    onEvent({ type: 'taken' })
    const beating = this.#beat(takenMs, ended)
    await work(AbortSignal.any([this.#stopping.signal, ended.signal]))
    ended.abort()
    await beating
    this.#isHolder = false
    onEvent({ type: 'givenBack' })
    // Without the database it stands still, and others take it in their time.
    await leases.release(name, owner).catch(() => undefined)
  }

  async #beat(takenMs: number, ended: AbortController): Promise<void> {
    const { leases, name, owner, wait, monotonicMs, onEvent } = this.#parts
    const { beatEveryMs, unsureMs } = this.#times
    const lose = (why: 'another' | 'unsure'): void => {
      if (ended.signal.aborted) return
      onEvent({ type: 'lost', why })
      ended.abort()
    }
    // Counted from before each question: whoever waits saw its answer later than that.
    const sureUntil = (askedMs: number) =>
      setTimeout(() => lose('unsure'), askedMs + unsureMs - monotonicMs()).unref()
    let doubt = sureUntil(takenMs)
    for (;;) {
      await wait(beatEveryMs, ended.signal)
      if (ended.signal.aborted) break
      const askedMs = monotonicMs()
      const isOurs = await leases.beat(name, owner).catch(() => undefined)
      if (isOurs === false) lose('another')
      if (isOurs !== true) continue
      clearTimeout(doubt)
      doubt = sureUntil(askedMs)
    }
    clearTimeout(doubt)
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(`a ${typeof error} was thrown`)
}
