import {
  type RedisAddress,
  RedisConnection,
  type RedisTls,
  takesNoWrites,
} from './redisConnection.ts'
import type { RedisReply } from './redisReplies.ts'
import type { RemoteCache } from './sharedTokens.ts'

export type RedisEvent =
  | { readonly kind: 'away'; readonly reason: string }
  | { readonly kind: 'there'; readonly at: string }

export interface RedisCacheParts {
  /** Of those that are there and take writes, the first. */
  readonly addresses: readonly RedisAddress[]
  /** Read for every connection, so that renewed files are taken up; undefined: in clear. @throws when it cannot be read */
  readonly tls: () => RedisTls | undefined
  readonly timeoutMs: number
  readonly onEvent: (event: RedisEvent) => void
  readonly times?: Partial<typeof TIMES>
}

const TIMES = { connectMs: 5_000, firstPauseMs: 1_000, longestPauseMs: 30_000 }

/**
 * A Redis, as long as it is there. Nobody waits for a connection: while there is none, every question fails at
 * once. One that is late loses its connection, and the pauses until the next grow as long as that goes on.
 */
export class RedisCache implements RemoteCache {
  readonly #parts: RedisCacheParts
  readonly #times: typeof TIMES
  #connection: RedisConnection | undefined
  #pauseMs: number
  #timer: NodeJS.Timeout | undefined
  #isTold = false
  readonly #closed = new AbortController()

  constructor(parts: RedisCacheParts) {
    this.#parts = parts
    this.#times = { ...TIMES, ...parts.times }
    this.#pauseMs = this.#times.firstPauseMs
  }

  /** Resolves after the first try, whatever came of it. */
  start(): Promise<void> {
    return this.#connect()
  }

  async get(name: string): Promise<Buffer | undefined> {
    const reply = await this.#send('GET', name)
    if (reply.kind !== 'bytes') throw new Error('Redis refuses a GET')
    return reply.value
  }

  async claim(name: string, lifeMs: number): Promise<boolean> {
    const reply = await this.#send('SET', name, '1', 'NX', 'PX', String(lifeMs))
    if (reply.kind === 'error') throw new Error('Redis refuses a SET')
    return reply.kind === 'status'
  }

  async set(name: string, value: Buffer, lifeMs: number): Promise<void> {
    const reply = await this.#send('SET', name, value, 'PX', String(lifeMs))
    if (reply.kind !== 'status') throw new Error('Redis refuses a SET')
  }

  async delete(name: string): Promise<void> {
    await this.#send('DEL', name)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#closed.abort()
  }

  async #send(...words: readonly (string | Buffer)[]): Promise<RedisReply> {
    if (this.#connection === undefined) throw new Error('Redis is away')
    const connection = this.#connection
    const reply = await connection.send(...words)
    if (takesNoWrites(reply)) connection.end('it became a replica and takes no writes')
    this.#pauseMs = this.#times.firstPauseMs
    return reply
  }

  async #connect(): Promise<void> {
    const reasons: string[] = []
    for (const address of this.#parts.addresses) {
      if (this.#closed.signal.aborted) return
      try {
        await this.#connectTo(address)
        return
      } catch (error) {
        reasons.push(error instanceof Error ? error.message : 'unknown error')
      }
    }
    this.#lost(reasons.join('; '))
  }

  /** @throws why it is not there */
  async #connectTo(address: RedisAddress): Promise<void> {
    const { tls, timeoutMs, onEvent } = this.#parts
    let isOver = false
    const connection = await RedisConnection.open({
      address,
      tls: tls(),
      timeoutMs,
      connectTimeoutMs: this.#times.connectMs,
      signal: this.#closed.signal,
      onEnd: (reason) => {
        isOver = true
        // One that was never let in is told by what is thrown.
        if (this.#connection === undefined) return
        this.#connection = undefined
        this.#lost(reason)
      },
    })
    if (isOver) throw new Error('it closed the connection')
    this.#connection = connection
    this.#isTold = false
    onEvent({ kind: 'there', at: `${address.host}:${address.port}` })
  }

  #lost(reason: string): void {
    if (this.#closed.signal.aborted) return
    if (!this.#isTold) this.#parts.onEvent({ kind: 'away', reason })
    this.#isTold = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#connect(), this.#pauseMs).unref()
    this.#pauseMs = Math.min(2 * this.#pauseMs, this.#times.longestPauseMs)
  }
}
