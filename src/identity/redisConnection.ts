import net from 'node:net'
import tls from 'node:tls'
import { RedisReplies, type RedisReply, redisCommand } from './redisReplies.ts'

export interface RedisAddress {
  readonly host: string
  readonly port: number
  readonly username: string | undefined
  readonly password: string | undefined
  readonly database: number
}

export interface RedisTls {
  readonly ca: string | readonly string[]
  readonly cert?: string
  readonly key?: string
}

export interface RedisConnectionParts {
  readonly address: RedisAddress
  /** undefined: in clear. */
  readonly tls: RedisTls | undefined
  /** For each command, from the moment it is sent. */
  readonly timeoutMs: number
  readonly connectTimeoutMs: number
  /** Ends it, whether it is there yet or not. */
  readonly signal: AbortSignal
  /** Once, when it is over. */
  readonly onEnd: (reason: string) => void
}

/** Why one is passed over that is otherwise as it should be. */
export const IS_REPLICA = 'it is a replica and takes no writes'

/** A token of 1,000 roles is far from it. */
const MOST_REPLY_BYTES = 262_144
/** More than that under way at once, and Redis is not keeping up. */
const MOST_WAITING = 1000

interface Waiting {
  readonly resolve: (reply: RedisReply) => void
  readonly reject: (error: Error) => void
  readonly untilMs: number
}

/** One connection to Redis. The first thing that is not as it should be ends it, and all who wait. */
export class RedisConnection {
  readonly #parts: RedisConnectionParts
  readonly #socket: net.Socket
  readonly #replies: RedisReplies
  readonly #waiting: Waiting[] = []
  #timer: NodeJS.Timeout | undefined
  readonly #aborted = (): void => this.end('it is no longer needed')
  #endedBy: Error | undefined

  private constructor(parts: RedisConnectionParts) {
    this.#parts = parts
    const { host, port } = parts.address
    const where = { host, port, keepAlive: true, noDelay: true }
    this.#socket =
      parts.tls === undefined
        ? net.connect(where)
        : tls.connect({
            ...where,
            ...(net.isIP(host) === 0 ? { servername: host } : {}),
            ca: typeof parts.tls.ca === 'string' ? parts.tls.ca : [...parts.tls.ca],
            ...(parts.tls.cert === undefined ? {} : { cert: parts.tls.cert }),
            ...(parts.tls.key === undefined ? {} : { key: parts.tls.key }),
            minVersion: 'TLSv1.2',
          })
    this.#replies = new RedisReplies(MOST_REPLY_BYTES, (reply) => this.#settle(reply))
    this.#socket.on('data', (piece: Buffer) => this.#read(piece))
    this.#socket.on('error', (error) => this.end(reasonOf(error)))
    this.#socket.on('close', () => this.end('it closed the connection'))
  }

  /** Resolves when it has let us in and answers. @throws when it does not */
  static async open(parts: RedisConnectionParts): Promise<RedisConnection> {
    const connection = new RedisConnection(parts)
    const { username, password, database } = parts.address
    const late = setTimeout(
      () => connection.end('it cannot be reached in time'),
      parts.connectTimeoutMs,
    )
    parts.signal.addEventListener('abort', connection.#aborted)
    try {
      await connection.#connected()
      if (password !== undefined) {
        const names = username === undefined ? [] : [username]
        await connection.#done('AUTH', ...names, password)
      }
      if (database !== 0) await connection.#done('SELECT', String(database))
      await connection.#done('PING')
      // A replica lets everybody in and keeps nothing.
      const probe = await connection.send('SET', 'gatehouse:token:probe', '1', 'PX', '1')
      if (takesNoWrites(probe)) throw new Error(IS_REPLICA)
      return connection
    } catch (error) {
      connection.end(reasonOf(error))
      throw connection.#endedBy ?? error
    } finally {
      clearTimeout(late)
    }
  }

  /** @throws when it does not answer in time, or the connection ends */
  send(...words: readonly (string | Buffer)[]): Promise<RedisReply> {
    if (this.#endedBy !== undefined || this.#waiting.length >= MOST_WAITING) {
      return Promise.reject(new Error('Redis does not keep up'))
    }
    const { promise, resolve, reject } = Promise.withResolvers<RedisReply>()
    this.#waiting.push({ resolve, reject, untilMs: performance.now() + this.#parts.timeoutMs })
    this.#socket.write(redisCommand(words))
    if (this.#timer === undefined) this.#watchFirst()
    return promise
  }

  end(reason: string): void {
    if (this.#endedBy !== undefined) return
    const error = new Error(reason)
    this.#endedBy = error
    clearTimeout(this.#timer)
    this.#socket.destroy()
    for (const { reject } of this.#waiting.splice(0)) reject(error)
    this.#parts.signal.removeEventListener('abort', this.#aborted)
    this.#parts.onEnd(reason)
  }

  #connected(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#socket.once(this.#parts.tls === undefined ? 'connect' : 'secureConnect', resolve)
    this.#socket.once('error', reject)
    this.#socket.once('close', () => reject(new Error('it closed the connection')))
    return promise
  }

  /** @throws what Redis says against it; it quotes nothing of what was sent */
  async #done(...words: readonly string[]): Promise<void> {
    const reply = await this.send(...words)
    if (reply.kind !== 'status') throw new Error(`it refuses ${words[0]}: ${wordOf(reply)}`)
  }

  #read(piece: Buffer): void {
    try {
      if (this.#endedBy === undefined) this.#replies.read(piece)
    } catch (error) {
      this.end(reasonOf(error))
    }
  }

  #settle(reply: RedisReply): void {
    const first = this.#waiting.shift()
    if (first === undefined) this.end('it answers what nobody asked')
    else first.resolve(reply)
  }

  /** Replies come in order, so the oldest command is the one that is late. */
  #watchFirst(): void {
    const first = this.#waiting[0]
    this.#timer = undefined
    if (first === undefined || this.#endedBy !== undefined) return
    const leftMs = first.untilMs - performance.now()
    if (leftMs <= 0) {
      this.end('it does not answer in time')
      return
    }
    this.#timer = setTimeout(() => this.#watchFirst(), leftMs).unref()
  }
}

export function takesNoWrites(reply: RedisReply): boolean {
  return reply.kind === 'error' && wordOf(reply) === 'READONLY'
}

/** The word that an error begins with (WRONGPASS, NOPERM, OOM): the rest is for whoever runs Redis. */
function wordOf(reply: RedisReply): string {
  return reply.kind === 'error' ? (/^[A-Z]{1,32}/.exec(reply.text)?.[0] ?? 'error') : 'no status'
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
