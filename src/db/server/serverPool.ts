import { unavailable } from '../../lib/fault.ts'
import type { DatabaseGauge } from '../database.ts'
import type { OnDatabaseEvent } from '../databaseEvent.ts'
import { reasonOf } from '../failureReason.ts'
import type { ServerConnection, ServerDriver } from './serverConnection.ts'

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

/** While the server is away nobody waits for it: one attempt in this time, the others are told at once. */
const ATTEMPT_EVERY_MS = 200
/** More than that waiting for a connection means the database does not keep up: better told than queued. */
const MOST_WAITING = 2_048
const LOOK_EVERY_MS = 500
/** What a busy moment opened beyond `keep` stays that long: the next one is seldom far. */
const LINGER_MS = 30_000

interface Pooled {
  readonly connection: ServerConnection
  readonly openedMs: number
  /** Set while somebody works on it: gives that up. */
  giveUp: ((error: Error) => void) | undefined
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
 * for they lead to the same server.
 */
export class ServerPool {
  readonly #parts: ServerPoolParts
  readonly #idle: Pooled[] = []
  readonly #busy = new Set<Pooled>()
  readonly #waiting = new Set<Waiting>()
  readonly #looking: NodeJS.Timeout
  #opening = 0
  #failedMs = Number.NEGATIVE_INFINITY
  #failure: unknown
  #isClosed = false

  constructor(parts: ServerPoolParts) {
    this.#parts = parts
    this.#looking = setInterval(() => this.#look(), LOOK_EVERY_MS).unref()
  }

  get gauges(): readonly DatabaseGauge[] {
    return [
      {
        name: 'gatehouse_database_connections',
        explanation: 'Connections to the database server.',
        read: () => this.#idle.length + this.#busy.size,
      },
      {
        name: 'gatehouse_database_connections_busy',
        explanation: 'Connections to the database server that somebody works on.',
        read: () => this.#busy.size,
      },
      {
        name: 'gatehouse_database_connections_awaited',
        explanation: 'Requests that wait for a connection to the database server.',
        read: () => this.#waiting.size,
      },
    ]
  }

  /**
   * Lends a connection for as long as the work takes, `withinMs` at most.
   * @throws Fault('unavailable') when there is none to be had, and whatever the work throws
   */
  async use<Result>(
    withinMs: number,
    work: (connection: ServerConnection) => Promise<Result>,
  ): Promise<Result> {
    const pooled = this.#takeIdle() ?? (await this.#another())
    this.#busy.add(pooled)
    pooled.lateMs = this.#parts.monotonicMs() + withinMs
    try {
      return await new Promise<Result>((resolve, reject) => {
        pooled.giveUp = reject
        work(pooled.connection).then(resolve, reject)
      })
    } catch (error) {
      if (this.#parts.driver.dialect.failureKind(error) === 'away') this.#break(pooled, error)
      throw error
    } finally {
      pooled.giveUp = undefined
      this.#busy.delete(pooled)
      this.#giveBack(pooled)
    }
  }

  /** What was lent is given back first. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#looking)
    for (const waiting of this.#waiting) waiting.reject(unavailable('The database is closed.'))
    this.#waiting.clear()
    await Promise.all(this.#idle.splice(0).map(({ connection }) => connection.close()))
  }

  #takeIdle(): Pooled | undefined {
    const pooled = this.#idle.pop()
    if (pooled === undefined || !this.#isOld(pooled)) return pooled
    void pooled.connection.close()
    return this.#takeIdle()
  }

  #isOld({ openedMs }: Pooled): boolean {
    const { limits, monotonicMs } = this.#parts
    return monotonicMs() - openedMs > limits.recycleMs
  }

  #another(): Promise<Pooled> {
    if (this.#isClosed) throw unavailable('The database is closed.')
    const { limits, monotonicMs } = this.#parts
    const nowMs = monotonicMs()
    const hasJustFailed = nowMs - this.#failedMs < ATTEMPT_EVERY_MS
    if (hasJustFailed && this.#busy.size === 0) {
      throw unavailable('The database server cannot be reached.', this.#failure)
    }
    if (!hasJustFailed && this.#busy.size + this.#opening < limits.most) {
      return this.#open()
    }
    return this.#wait()
  }

  #wait(): Promise<Pooled> {
    if (this.#waiting.size >= MOST_WAITING) {
      throw unavailable('Too many requests are waiting for the database.')
    }
    return new Promise((resolve, reject) => {
      const lateMs = this.#parts.monotonicMs() + this.#parts.limits.waitMs
      this.#waiting.add({ lateMs, resolve, reject })
    })
  }

  async #open(): Promise<Pooled> {
    const { driver, monotonicMs, onEvent } = this.#parts
    this.#opening += 1
    try {
      let pooled: Pooled | undefined
      const connection = await driver.connect((reason) => {
        if (pooled !== undefined) this.#onEnd(pooled, reason)
      })
      pooled = {
        connection,
        openedMs: monotonicMs(),
        giveUp: undefined,
        lateMs: 0,
        idleSinceMs: 0,
        isBroken: false,
      }
      this.#failedMs = Number.NEGATIVE_INFINITY
      onEvent({ type: 'connectionOpened', by: 'pool' })
      return pooled
    } catch (error) {
      this.#failedMs = monotonicMs()
      this.#failure = error
      onEvent({ type: 'serverUnreachable', reason: reasonOf(error) })
      // It may only be full: where others are at work there, one of theirs is free soon.
      if (this.#busy.size > 0) return await this.#wait()
      this.#tellAllUnreachable(error)
      throw unavailable('The database server cannot be reached.', error)
    } finally {
      this.#opening -= 1
    }
  }

  /** Whoever waits would wait for what does not come. */
  #tellAllUnreachable(error: unknown): void {
    for (const waiting of this.#waiting) {
      waiting.reject(unavailable('The database server cannot be reached.', error))
    }
    this.#waiting.clear()
  }

  #giveBack(pooled: Pooled): void {
    if (pooled.isBroken) {
      this.#openForNext()
      return
    }
    if (this.#isClosed) {
      void pooled.connection.close()
      return
    }
    const [waiting] = this.#waiting
    if (waiting !== undefined) {
      this.#waiting.delete(waiting)
      waiting.resolve(pooled)
      return
    }
    pooled.idleSinceMs = this.#parts.monotonicMs()
    this.#idle.push(pooled)
  }

  /** A connection less, and somebody waits for one. */
  #openForNext(): void {
    const [waiting] = this.#waiting
    if (waiting === undefined || this.#isClosed) return
    this.#waiting.delete(waiting)
    this.#open().then(waiting.resolve, waiting.reject)
  }

  #break(pooled: Pooled, error: unknown): void {
    if (pooled.isBroken) return
    pooled.isBroken = true
    pooled.connection.destroy()
    this.#parts.onEvent({ type: 'connectionLost', by: 'pool', reason: reasonOf(error) })
    for (const { connection } of this.#idle.splice(0)) connection.destroy()
  }

  /** The server closed it: idle ones are forgotten, of the others their users hear for themselves. */
  #onEnd(pooled: Pooled, reason: string): void {
    const at = this.#idle.indexOf(pooled)
    if (at !== -1) this.#idle.splice(at, 1)
    else if (pooled.giveUp !== undefined) {
      const error = Object.assign(new Error(reason), { code: 'ECONNRESET' })
      this.#break(pooled, error)
      pooled.giveUp(error)
    }
  }

  #look(): void {
    const nowMs = this.#parts.monotonicMs()
    for (const pooled of this.#busy) {
      if (pooled.lateMs > nowMs) continue
      const error = Object.assign(new Error('the database did not answer in time'), {
        code: 'ETIMEDOUT',
      })
      this.#break(pooled, error)
      pooled.giveUp?.(error)
    }
    for (const waiting of this.#waiting) {
      if (waiting.lateMs > nowMs) break
      this.#waiting.delete(waiting)
      waiting.reject(unavailable('All connections to the database are in use.'))
    }
    this.#closeSpare(nowMs)
  }

  /** The longest idle ones lie at the bottom. */
  #closeSpare(nowMs: number): void {
    const [longest] = this.#idle
    if (longest === undefined || this.#idle.length <= this.#parts.limits.keep) return
    if (nowMs - longest.idleSinceMs < LINGER_MS) return
    this.#idle.shift()
    void longest.connection.close()
  }
}
