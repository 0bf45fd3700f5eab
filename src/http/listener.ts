import { createServer, type Server, type ServerOptions } from 'node:http'
import { type ListenOptions, Server as NetServer, type Socket } from 'node:net'
import type Koa from 'koa'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { Approach, type RefusedConnection, type Terminator } from './approach.ts'
import type { ClientConnections } from './clientConnections.ts'
import { answerBadRequest } from './notHttp.ts'
import { withOneHost } from './oneHost.ts'
import { Peers, type TrustedProxies } from './peers.ts'
import { RequestBatches } from './requestBatches.ts'
import {
  bindingPrivately,
  grantAccess,
  OWNER_ONLY,
  removeDeadSocket,
  type SocketAccess,
} from './unixSocket.ts'

/** A socket that somebody opened for us, such as systemd. */
export interface InheritedSocket {
  readonly fd: number
  readonly name: string
}

export interface ListenerOptions {
  /** A host, `unix:/path`, or `systemd` (`systemd:NAME`) for those of `inherited`. */
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
  readonly socketAccess?: SocketAccess
  readonly inherited?: readonly InheritedSocket[]
  /** With one, the port speaks HTTPS. */
  readonly terminator?: Terminator | undefined
  /** HTTP beside HTTPS, on the same port. */
  readonly allowsClearText?: boolean
  /** Whose connections begin with a PROXY header. */
  readonly proxies?: TrustedProxies | undefined
  readonly peers?: Peers
  readonly clientConnections?: ClientConnections | undefined
  readonly onRefused?: (reason: RefusedConnection, remoteAddress: string) => void
  /** A parent listens for several of us, and has seen to the socket. */
  readonly isShared?: boolean
}

/** Node takes an open file as well, which its types do not say. */
type Where = ListenOptions & { readonly fd?: number }

/** How long idle connections may still send a request that learns of the close, before they are closed. */
const LINGER_MS = 250

/**
 * The API's listener: opens, announces every close while it drains, and closes. Sockets accept, an approach finds
 * out what each connection speaks, and one HTTP server, which itself never listens, does the rest.
 */
export class Listener {
  readonly #options: ListenerOptions
  readonly #sockets: NetServer[] = []
  readonly #connections = new Set<Socket>()
  #http: Server | undefined
  #approach: Approach | undefined
  #batches: RequestBatches | undefined
  #isDraining = false

  constructor(options: ListenerOptions) {
    this.#options = options
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  /** Connections with a request that has not begun. */
  get waitingRequests(): number {
    return this.#batches?.waiting ?? 0
  }

  /** @returns where it listens, for people to read */
  async open(app: Koa): Promise<string> {
    const options = this.#options
    const peers = options.peers ?? new Peers()
    const batches = new RequestBatches({
      handle: app.callback(),
      onTooMany: (socket) => {
        options.onRefused?.('too many requests in one breath', peers.of(socket).address)
      },
    })
    this.#batches = batches
    const handle = withOneHost((request, response) => batches.take(request, response))
    const http = createServer(serverOptions(options), handle)
    http.on('clientError', answerBadRequest)
    // Starts its watch over slow requests, as listening would.
    http.emit('listening')
    this.#http = http
    const handOn = (socket: Socket): void => void http.emit('connection', socket)
    const { terminator } = options
    terminator?.start(handOn)
    this.#approach = new Approach({
      peers,
      proxies: options.proxies,
      terminator,
      allowsClearText: options.allowsClearText ?? false,
      timeoutMs: options.headersTimeoutMs,
      clientConnections: options.clientConnections,
      onHttp: handOn,
      onRefused: options.onRefused ?? (() => undefined),
    })
    const { bindHost } = options
    if (bindHost.startsWith('unix:')) return this.#openPath(bindHost.slice('unix:'.length))
    if (/^systemd(:|$)/.test(bindHost))
      return this.#openInherited(bindHost.slice('systemd:'.length))
    const { bindPort: port, backlog } = options
    return this.#addressOf(await this.#listen({ host: bindHost, port, backlog }), bindHost)
  }

  async #openPath(path: string): Promise<string> {
    if (this.#options.isShared !== true) await removeDeadSocket(path)
    await this.#listen({ path })
    await grantAccess(path, this.#options.socketAccess ?? OWNER_ONLY)
    return `unix:${path}`
  }

  async #openInherited(name: string): Promise<string> {
    const { inherited = [] } = this.#options
    const chosen = name === '' ? inherited : inherited.filter((socket) => socket.name === name)
    if (chosen.length === 0) {
      const passed = inherited.map((socket) => socket.name).join(', ') || 'none'
      throw new StartupRefusal(
        `bind_host is ${this.#options.bindHost}, and systemd handed over no such socket (${passed}): is this started by its socket unit?`,
      )
    }
    const addresses: string[] = []
    for (const { fd } of chosen)
      addresses.push(this.#addressOf(await this.#listen({ fd }), undefined))
    return addresses.join(' and ')
  }

  async #listen(where: Where): Promise<NetServer> {
    // As http would have it: a client may close its half and wait for the answer.
    const socket = new NetServer({ allowHalfOpen: true, noDelay: true })
    socket.maxConnections = this.#options.maxConnections
    let isUnix = false
    socket.on('connection', (raw) => this.#take(raw, isUnix))
    socket.on('drop', (dropped) => {
      this.#options.onRefused?.('too many connections', dropped?.remoteAddress ?? '')
    })
    this.#sockets.push(socket)
    await listening(socket, where)
    isUnix = typeof socket.address() === 'string'
    return socket
  }

  #take(raw: Socket, isUnix: boolean): void {
    this.#connections.add(raw)
    raw.once('close', () => this.#connections.delete(raw))
    this.#approach?.take(raw, isUnix)
  }

  #addressOf(socket: NetServer, host: string | undefined): string {
    const address = socket.address()
    if (typeof address === 'string') return `unix:${address}`
    const shown = host ?? address?.address ?? ''
    const scheme = this.#options.terminator === undefined ? 'http' : 'https'
    return `${scheme}://${shown.includes(':') ? `[${shown}]` : shown}:${address?.port ?? this.#options.bindPort}`
  }

  /** Stops accepting, lets every request finish and announce the close, then closes what is left. */
  async drain(graceMs: number): Promise<void> {
    const http = this.#http
    if (http === undefined || this.#isDraining) return
    this.#isDraining = true
    const closed = Promise.all(this.#sockets.map(closing))
    const closeIdle = (): void => {
      this.#approach?.closeSilent()
      http.closeIdleConnections()
    }
    // In a process that was held up, timers go before requests that came meanwhile: those are read first.
    const closeIdleSoon = (): void => void setImmediate(closeIdle)
    const linger = setTimeout(closeIdleSoon, Math.min(LINGER_MS, graceMs))
    const sweep = setInterval(closeIdleSoon, LINGER_MS)
    const cut = setTimeout(() => {
      // Those in a handshake are no connections of http yet.
      for (const raw of this.#connections) raw.destroy()
    }, graceMs)
    await closed
    clearTimeout(linger)
    clearInterval(sweep)
    clearTimeout(cut)
    this.#options.terminator?.stop()
    // It holds nothing any more; this ends its watch.
    http.close()
  }
}

function closing(socket: NetServer): Promise<void> {
  return new Promise((resolve) => {
    // One whose address was taken never listened.
    socket.close(() => resolve())
  })
}

function serverOptions(options: ListenerOptions): ServerOptions {
  return {
    keepAliveTimeout: options.keepAliveMs,
    requestTimeout: options.requestTimeoutMs,
    headersTimeout: Math.min(options.headersTimeoutMs, options.requestTimeoutMs),
    connectionsCheckingInterval: Math.min(5_000, options.headersTimeoutMs),
    maxHeaderSize: 32_768,
    // Seen to in withOneHost.
    requireHostHeader: false,
    noDelay: true,
  }
}

function listening(server: NetServer, where: Where) {
  return new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    const listen = () =>
      server.listen(where, () => {
        server.off('error', reject)
        resolve()
      })
    if (where.path === undefined) listen()
    else bindingPrivately(listen)
  })
}
