import { chmod, rm } from 'node:fs/promises'
import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerOptions,
  type ServerResponse,
} from 'node:http'
import { connect, type ListenOptions, Server as NetServer, type Socket } from 'node:net'
import type Koa from 'koa'

export interface ListenerOptions {
  /** A host, or `unix:/path` for a socket of mode 0600. */
  readonly bindHost: string
  readonly bindPort: number
  /** Clients do not retry a reset connection, so idle ones live long (consumers.md, rule 16a). */
  readonly keepAliveMs: number
  /** From the first byte of a request to its last. */
  readonly requestTimeoutMs: number
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number
  readonly backlog: number
  readonly maxConnections: number
}

/** How long idle connections may still send a request that learns of the close, before they are closed. */
const LINGER_MS = 250

/** One HTTP listener: opens, announces every close while it drains, and closes. */
export class Listener {
  readonly #options: ListenerOptions
  #server: Server | undefined
  #isDraining = false

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** @returns where it listens, for people to read */
  async open(app: Koa): Promise<string> {
    const { bindHost, bindPort } = this.#options
    const server = createServer(serverOptions(this.#options), inBatches(app.callback()))
    server.maxConnections = this.#options.maxConnections
    server.on('clientError', answerBadRequest)
    this.#server = server
    const path = bindHost.startsWith('unix:') ? bindHost.slice('unix:'.length) : undefined
    if (path === undefined) {
      await listening(server, { host: bindHost, port: bindPort, backlog: this.#options.backlog })
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : bindPort
      return `http://${bindHost.includes(':') ? `[${bindHost}]` : bindHost}:${port}`
    }
    await removeDeadSocket(path)
    await listening(server, { path })
    await chmod(path, 0o600)
    return bindHost
  }

  /** Stops accepting, lets every request finish and announce the close, then closes what is left. */
  async drain(graceMs: number): Promise<void> {
    const server = this.#server
    if (server === undefined || this.#isDraining) return
    this.#isDraining = true
    const closed = new Promise<void>((resolve) => {
      // http's own close() shuts idle connections at once, under a client that is just sending.
      NetServer.prototype.close.call(server, () => resolve())
    })
    const linger = setTimeout(() => server.closeIdleConnections(), Math.min(LINGER_MS, graceMs))
    const sweep = setInterval(() => server.closeIdleConnections(), LINGER_MS)
    const cut = setTimeout(() => server.closeAllConnections(), graceMs)
    await closed
    clearTimeout(linger)
    clearInterval(sweep)
    clearTimeout(cut)
  }
}

/** More side by side would no longer fit into the caches, and the first would wait for the last. */
const MOST_TOGETHER = 64

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/**
 * Requests that came in one turn of the event loop start together at its end, and go on side by side from
 * await to await: what they all need (the parser, SQLite, the cipher, the socket) is then warm in the
 * processor's caches, and their reads share a transaction (ADR 0012).
 */
function inBatches(handle: Handle): Handle {
  const waiting: [IncomingMessage, ServerResponse][] = []
  const startBatch = (): void => {
    const batch = waiting.splice(0, MOST_TOGETHER)
    if (waiting.length > 0) setImmediate(startBatch)
    for (const [request, response] of batch) handle(request, response)
  }
  return (request, response) => {
    if (waiting.push([request, response]) === 1) setImmediate(startBatch)
  }
}

function serverOptions(options: ListenerOptions): ServerOptions {
  return {
    keepAliveTimeout: options.keepAliveMs,
    requestTimeout: options.requestTimeoutMs,
    headersTimeout: Math.min(options.headersTimeoutMs, options.requestTimeoutMs),
    connectionsCheckingInterval: Math.min(5_000, options.headersTimeoutMs),
    maxHeaderSize: 32_768,
    noDelay: true,
  }
}

function listening(server: Server, where: ListenOptions) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(where, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** What is no HTTP at all: Node cannot make a request of it, so no middleware will see it. */
function answerBadRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [status, title] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431', 'Request Header Fields Too Large']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408', 'Request Timeout']
        : ['400', 'Bad Request']
  const body = JSON.stringify({
    code: Number(status),
    title,
    description: 'This is not a request.',
  })
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\nContent-Type: application/json\r\n` +
      `Content-Length: ${body.length}\r\n\r\n${body}`,
  )
  // Who does not hang up now is not waited for; what else they send ends up above, where they are cut off.
  socket.setTimeout(LINGER_MS, () => socket.destroy())
}

/** A killed process leaves its socket behind; one that somebody answers is not ours to remove. */
async function removeDeadSocket(path: string): Promise<void> {
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect(path)
    probe.once('connect', () => resolve(true)).once('error', () => resolve(false))
    probe.once('connect', () => probe.destroy())
  })
  if (isAlive) throw Object.assign(new Error(`${path} is in use`), { code: 'EADDRINUSE' })
  await rm(path, { force: true })
}
