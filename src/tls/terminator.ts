import { constants, createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { refusalOfClient } from './clientPolicy.ts'
import type { ServedCertificates } from './servedCertificates.ts'
import type { TicketKeys } from './ticketKeys.ts'

export type HandshakeOutcome = 'full' | 'resumed' | 'failed' | 'client refused'

export interface Handshake {
  readonly outcome: HandshakeOutcome
  /** Why not, in words without anything a client chose. */
  readonly reason: string | undefined
  readonly remoteAddress: string
}

export interface TerminatorParts {
  readonly certificates: ServedCertificates
  /** Undefined: no session is resumed. */
  readonly tickets: TicketKeys | undefined
  readonly ticketLifetimeSeconds: number
  readonly handshakeTimeoutMs: number
  readonly epochMs: () => number
  readonly onHandshake: (handshake: Handshake) => void
}

/** Takes raw connections, and hands on what is inside of their TLS, once the client is one that may come in. */
export class TlsTerminator {
  readonly #parts: TerminatorParts
  readonly #server: Server
  #secured: (inner: Socket) => void = (inner) => inner.destroy()
  #timer: NodeJS.Timeout | undefined

  constructor(parts: TerminatorParts) {
    this.#parts = parts
    this.#server = createServer({
      ...this.#contextOptions(),
      handshakeTimeout: parts.handshakeTimeoutMs,
      ALPNProtocols: ['http/1.1'],
      // Judged in #arrived: what is asked for depends on the name.
      requestCert: parts.certificates.all.some(
        ({ options }) => options.clients.certificates !== 'none',
      ),
      rejectUnauthorized: false,
      SNICallback: (name, done) => done(null, parts.certificates.for(name).context),
    })
    this.#server.on('secureConnection', (inner) => this.#arrived(inner))
    this.#server.on('tlsClientError', (error: NodeJS.ErrnoException, inner) => {
      this.#report('failed', inner, reasonOf(error))
      inner.destroy()
    })
    this.#useTicketKey()
  }

  start(secured: (inner: Socket) => void): void {
    this.#secured = secured
  }

  stop(): void {
    clearTimeout(this.#timer)
  }

  accept(raw: Socket): void {
    this.#server.emit('connection', raw)
  }

  /** Certificates were replaced; connections that are there keep what they have. */
  refresh(): void {
    this.#server.setSecureContext(this.#contextOptions())
    this.#useTicketKey()
  }

  #contextOptions() {
    const { certificates, tickets, ticketLifetimeSeconds } = this.#parts
    const { contextOptions, material } = certificates.default
    return {
      ...contextOptions,
      ...(tickets === undefined ? { secureOptions: constants.SSL_OP_NO_TICKET } : {}),
      sessionTimeout: Math.max(1, ticketLifetimeSeconds),
      // Node's own would be made of the command line. Other client CAs, other sessions.
      sessionIdContext: createHash('sha256')
        .update(`gatehouse ${material.pem.ca ?? ''}`)
        .digest('hex')
        .slice(0, 32),
    }
  }

  #useTicketKey(): void {
    const { tickets, epochMs } = this.#parts
    if (tickets === undefined) return
    clearTimeout(this.#timer)
    this.#server.setTicketKeys(tickets.keyAt(epochMs()))
    this.#timer = setTimeout(() => this.#useTicketKey(), tickets.msToNext(epochMs()) + 1).unref()
  }

  #arrived(inner: TLSSocket): void {
    const served = this.#parts.certificates.for(inner.servername || undefined)
    const { clients } = served.options
    const shown = {
      certificate: clients.certificates === 'none' ? undefined : inner.getPeerX509Certificate(),
      isVerified: inner.authorized,
    }
    const refusal = refusalOfClient(clients, shown)
    if (refusal !== undefined) {
      this.#report('client refused', inner, refusal)
      inner.destroy()
      return
    }
    this.#report(inner.isSessionReused() ? 'resumed' : 'full', inner)
    this.#secured(inner)
  }

  #report(outcome: HandshakeOutcome, inner: TLSSocket, reason?: string): void {
    const remoteAddress = inner.remoteAddress ?? ''
    this.#parts.onHandshake({ outcome, reason, remoteAddress })
  }
}

/** OpenSSL's short code, or Node's; never its text, which quotes what came. */
function reasonOf({ code }: NodeJS.ErrnoException): string {
  return code ?? 'unknown'
}
