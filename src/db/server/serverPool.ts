import { unavailable } from '../../lib/fault.ts'
import type { DatabaseGauge } from '../database.ts'
import type { OnDatabaseEvent } from '../databaseEvent.ts'
import { reasonOf } from '../failureReason.ts'
import { leaveServer } from './leaveServer.ts'
import { poolGauges } from './poolGauges.ts'
import type { ServerConnection, ServerDriver } from './serverConnection.ts'
import { connectionFailure, isTimeout } from './serverFailure.ts'
import { type ConnectionEnd, ServerReach } from './serverReach.ts'
import { Silence } from './silence.ts'

export interface PoolLimits {
  /** Connections that stay open when nobody needs them. */
  readonly keep: number
  /** Connections at the same time. */
  readonly most: number
  /** How long a request waits for one. */
  readonly waitMs: number
  /** Age at which a connection is replaced by a new one; a proxy may have forgotten it by then. */
  readonly recycleMs: number
}

export interface ServerPoolParts {
  readonly driver: ServerDriver
  readonly limits: PoolLimits
  readonly monotonicMs: () => number
  readonly onEvent: OnDatabaseEvent
}

/** More than that waiting for a connection means the database does not keep up: better told than queued. */
const MOST_WAITING = 2_048
const LOOK_EVERY_MS = 250
/** What a busy moment opened beyond `keep` stays that long: the next one is seldom far. */
const LINGER_MS = 30_000

interface Pooled {
  readonly connection: ServerConnection
  readonly openedMs: number
  /** Set while somebody works on it: gives that up. */
  giveUp: ((error: Error) => void) | undefined
  lentMs: number
  lateMs: number
  idleSinceMs: number
  isBroken: boolean
}

interface Waiting {
  readonly lateMs: number
  readonly resolve: (pooled: Pooled) => void
  readonly reject: (error: Error) => void
}

/**
 * Connections to the server, the most recently used one first. What happens on a connection is told by
 * whoever works on it: one that cannot be trusted any more is destroyed, and takes along all that lay idle,
 * for they lead to the same server. While that is away everybody is told at once (serverReach.ts).
 */
export class ServerPool {
  readonly #parts: ServerPoolParts
  readonly #reach: ServerReach
  readonly #silence = new Silence()
  readonly #idle: Pooled[] = []
  readonly #busy = new Set<Pooled>()
  readonly #waiting = new Set<Waiting>()
  readonly #looking: NodeJS.Timeout
  #isClosed = false

  constructor(parts: ServerPoolParts) {
    this.#parts = parts
    this.#reach = new ServerReach({
      ...parts,
      onOpened: (connection, end) => this.#onOpened(connection, end),
      onFailed: (error) => this.#onFailed(error),
    })
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  get gauges(): readonly DatabaseGauge[] {
    return poolGauges(() => ({
      open: this.#idle.length + this.#busy.size,
      busy: this.#busy.size,
      awaited: this.#waiting.size,
    }))
  }

  /**
   * Lends a connection for as long as the work takes, `withinMs` at most.
   * @throws Fault('unavailable') when there is none to be had, and whatever the work throws
   */
  async use<Result>(
    withinMs: number,
    work: (connection: ServerConnection) => Promise<Result>,
  ): Promise<Result> {
    const pooled = this.#takeIdle() ?? (await this.#wait())
    pooled.lentMs = this.#parts.monotonicMs()
    pooled.lateMs = pooled.lentMs + withinMs
    try {
      const result = await new Promise<Result>((resolve, reject) => {
        pooled.giveUp = reject
        work(pooled.connection).then(resolve, reject)
      })
      this.#silence.heard(this.#parts.monotonicMs())
      return result
    } catch (error) {
      this.#judge(pooled, error)
      throw error
    } finally {
      pooled.giveUp = undefined
      this.#busy.delete(pooled)
      this.#giveBack(pooled)
    }
  }

  /** What is lent is closed when it comes back. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#looking)
    this.#reach.close()
    this.#rejectWaiting(() => unavailable('The database is closed.'))
    await Promise.all(this.#idle.splice(0).map(({ connection }) => leaveServer(connection)))
  }

  #takeIdle(): Pooled | undefined {
    const pooled = this.#idle.pop()
    if (pooled === undefined) return undefined
    if (this.#isOld(pooled)) {
      void leaveServer(pooled.connection)
      return this.#takeIdle()
    }
    this.#busy.add(pooled)
    return pooled
  }

  #isOld({ openedMs }: Pooled): boolean {
    const { limits, monotonicMs } = this.#parts
    return monotonicMs() - openedMs > limits.recycleMs
  }

  #wait(): Promise<Pooled> {
    if (this.#isClosed) throw unavailable('The database is closed.')
    if (this.#reach.isAway) throw unreachable(this.#reach.failure)
    if (this.#waiting.size >= MOST_WAITING) {
      throw unavailable('Too many requests are waiting for the database.')
    }
    return new Promise((resolve, reject) => {
      const lateMs = this.#parts.monotonicMs() + this.#parts.limits.waitMs
      this.#waiting.add({ lateMs, resolve, reject })
      this.#openForWaiting()
    })
  }

  #openForWaiting(): void {
    if (this.#isClosed) return
    while (
      this.#reach.mayOpen &&
      this.#waiting.size > this.#reach.opening &&
      this.#idle.length + this.#busy.size + this.#reach.opening < this.#parts.limits.most
    ) {
      this.#reach.open()
    }
  }

  #onOpened(connection: ServerConnection, end: ConnectionEnd): void {
    const nowMs = this.#parts.monotonicMs()
    const pooled: Pooled = {
      connection,
      openedMs: nowMs,
      giveUp: undefined,
      lentMs: nowMs,
      lateMs: Number.POSITIVE_INFINITY,
      idleSinceMs: nowMs,
      isBroken: false,
    }
    end.tell = (reason) => this.#onEnd(pooled, reason)
    this.#silence.heard(nowMs)
    const isOneTooMany =
      this.#busy.size >= this.#parts.limits.most ||
      (this.#waiting.size === 0 && this.#idle.length >= this.#parts.limits.keep)
    if (isOneTooMany) void leaveServer(connection)
    else this.#giveBack(pooled)
    this.#openForWaiting()
  }

  /** It may only be full: where others are at work there, one of theirs is free soon. */
  #onFailed(error: unknown): void {
    if (!isTimeout(error)) this.#silence.heard(this.#parts.monotonicMs())
    this.#goAwayWhenNobodyWorks(error)
  }

  #goAwayWhenNobodyWorks(error: unknown): void {
    if (this.#busy.size > 0 || this.#idle.length > 0 || this.#reach.opening > 0) return
    this.#reach.goAway(error)
    // Whoever waits would wait for what does not come.
    this.#rejectWaiting(() => unreachable(error))
  }

  #rejectWaiting(reason: () => Error): void {
    for (const waiting of this.#waiting) waiting.reject(reason())
    this.#waiting.clear()
  }

  #giveBack(pooled: Pooled): void {
    if (pooled.isBroken) {
      this.#openForWaiting()
      if (!this.#reach.mayOpen && this.#waiting.size > 0) {
        this.#goAwayWhenNobodyWorks(this.#reach.failure)
      }
      return
    }
    if (this.#isClosed) {
      void leaveServer(pooled.connection)
      return
    }
    const [waiting] = this.#waiting
    if (waiting === undefined) {
      pooled.idleSinceMs = this.#parts.monotonicMs()
      this.#idle.push(pooled)
      return
    }
    this.#waiting.delete(waiting)
    this.#busy.add(pooled)
    waiting.resolve(pooled)
  }

  #judge(pooled: Pooled, error: unknown): void {
    if (!isTimeout(error)) this.#silence.heard(this.#parts.monotonicMs())
    const kind = this.#parts.driver.dialect.failureKind(error)
    if (kind === 'away' && this.#break(pooled, error)) {
      for (const { connection } of this.#idle.splice(0)) connection.destroy()
    }
    // A server that turned read-only may be the wrong one by now; those who only read need not care.
    if (kind === 'refused') this.#break(pooled, error)
  }

  #break(pooled: Pooled, error: unknown): boolean {
    if (pooled.isBroken) return false
    pooled.isBroken = true
    pooled.connection.destroy()
    this.#parts.onEvent({ type: 'connectionLost', by: 'pool', reason: reasonOf(error) })
    return true
  }

  /** The server closed it: idle ones are forgotten, of the others their users hear. */
  #onEnd(pooled: Pooled, reason: string): void {
    const at = this.#idle.indexOf(pooled)
    if (at !== -1) {
      this.#idle.splice(at, 1)
      pooled.connection.destroy()
    } else if (this.#busy.has(pooled)) {
      const error = connectionFailure(reason, 'ECONNRESET')
      if (pooled.giveUp === undefined) this.#break(pooled, error)
      else pooled.giveUp(error)
    }
  }

  #look(): void {
    const nowMs = this.#parts.monotonicMs()
    this.#listen(nowMs)
    for (const pooled of this.#busy) {
      if (pooled.lateMs <= nowMs) {
        pooled.giveUp?.(connectionFailure('the database did not answer in time', 'ETIMEDOUT'))
      }
    }
    for (const waiting of this.#waiting) {
      if (waiting.lateMs > nowMs) break
      this.#waiting.delete(waiting)
      waiting.reject(unavailable('All connections to the database are in use.'))
    }
    this.#openForWaiting()
    this.#reach.look()
    this.#closeSpare(nowMs)
  }

  /** A server that hangs keeps its connections open and says nothing: nobody is to wait for it. */
  #listen(nowMs: number): void {
    const [longest] = this.#busy
    const verdict = this.#silence.verdict(longest?.lentMs, nowMs)
    if (verdict === 'knock' && this.#reach.opening === 0) this.#reach.open()
    if (verdict !== 'hangs') return
    const error = connectionFailure('the database server does not answer', 'ETIMEDOUT')
    this.#reach.goAway(error)
    for (const { connection } of this.#idle.splice(0)) connection.destroy()
    for (const pooled of this.#busy) pooled.giveUp?.(error)
    this.#rejectWaiting(() => unreachable(error))
  }

  /** The longest idle ones lie at the bottom. */
  #closeSpare(nowMs: number): void {
    const [longest] = this.#idle
    if (longest === undefined || this.#idle.length <= this.#parts.limits.keep) return
    if (nowMs - longest.idleSinceMs < LINGER_MS) return
    this.#idle.shift()
    void leaveServer(longest.connection)
  }
}

function unreachable(cause: unknown): Error {
  return unavailable('The database server cannot be reached.', cause)
}
