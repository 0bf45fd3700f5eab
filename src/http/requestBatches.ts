import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** More side by side would no longer fit into the caches, and the first would wait for the last. */
const MOST_TOGETHER = 64
/** Of those, so many are left to whoever has waited longest, whatever else comes. */
const LEFT_TO_OTHERS = 16
/** Node takes any number of requests that one connection sends in one breath, answered or not. No client of ours sends two. */
const MOST_OF_ONE_CONNECTION = 100

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown
type Waiting = readonly [request: IncomingMessage, response: ServerResponse]

const NONE: readonly Waiting[] = []

export interface RequestBatchesParts {
  readonly handle: Handle
  /** A connection that sent more at once than are kept for it; it is closed. Must not throw. */
  readonly onTooMany: (socket: Socket) => void
}

/**
 * Requests that came in one turn of the event loop start together at its end, and go on side by side from
 * await to await: what they all need (the parser, SQLite, the cipher, the socket) is then warm in the
 * processor's caches, and their reads share a transaction (ADR 0012). Where more wait than start together, health
 * checks, discovery and reads of one secret go first; and a connection stands in line once, however many
 * requests it has sent in one breath (ADR 0043).
 */
export class RequestBatches {
  readonly #parts: RequestBatchesParts
  readonly #first: Waiting[] = []
  readonly #others: Waiting[] = []
  /** Connections in line, and what they have sent besides. */
  readonly #behind = new Map<Socket, readonly Waiting[]>()

  constructor(parts: RequestBatchesParts) {
    this.#parts = parts
  }

  /** How many connections have a request that has not begun. */
  get waiting(): number {
    return this.#behind.size
  }

  take(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const behind = this.#behind.get(socket)
    if (behind === undefined) {
      this.#behind.set(socket, NONE)
      this.#line([request, response])
      if (this.#behind.size === 1) setImmediate(() => this.#start())
    } else if (behind.length < MOST_OF_ONE_CONNECTION) {
      this.#behind.set(socket, [...behind, [request, response]])
    } else if (!socket.destroyed) {
      socket.destroy()
      this.#parts.onTooMany(socket)
    }
  }

  #line(waiting: Waiting): void {
    const line = goesFirst(waiting[0]) ? this.#first : this.#others
    line.push(waiting)
  }

  #start(): void {
    const ahead = MOST_TOGETHER - Math.min(this.#others.length, LEFT_TO_OTHERS)
    const batch = this.#first.splice(0, ahead)
    for (const one of this.#others.splice(0, MOST_TOGETHER - batch.length)) batch.push(one)
    for (const [{ socket }] of batch) this.#moveUp(socket)
    if (this.#behind.size > 0) setImmediate(() => this.#start())
    for (const [request, response] of batch) this.#parts.handle(request, response)
  }

  #moveUp(socket: Socket): void {
    const [next, ...rest] = this.#behind.get(socket) ?? NONE
    if (next === undefined || socket.destroyed) {
      this.#behind.delete(socket)
      return
    }
    this.#behind.set(socket, rest)
    this.#line(next)
  }
}

/** By its first line alone: what it turns out to be is looked at when it starts. */
function goesFirst({ method, url = '' }: IncomingMessage): boolean {
  if (method !== 'GET') return url === '/healthcheck'
  return url.startsWith('/v1/secrets/') || url === '/' || url.startsWith('/healthcheck')
}
