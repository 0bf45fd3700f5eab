import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import Koa from 'koa'
import { Listener, type ListenerOptions } from '../../src/http/listener.ts'
import type { TlsProtocol } from '../../src/tls/protocol.ts'
import { type CertificateOptions, ServedCertificates } from '../../src/tls/servedCertificates.ts'
import { type Handshake, TlsTerminator } from '../../src/tls/terminator.ts'
import type { TicketKeys } from '../../src/tls/ticketKeys.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface TlsListenerOptions {
  readonly certificates: readonly CertificateOptions[]
  readonly protocol?: Partial<TlsProtocol>
  readonly tickets?: TicketKeys
  readonly epochMs?: () => number
  readonly listener?: Partial<ListenerOptions>
  readonly app?: Koa
}

export interface OpenListener {
  readonly listener: Listener
  readonly certificates: ServedCertificates
  readonly terminator: TlsTerminator
  readonly port: number
  readonly address: string
  readonly handshakes: Handshake[]
  readonly refused: string[]
}

export const NO_CLIENTS = { certificates: 'none', names: [] } as const

/** A listener on a free port that says of each request whether it came over TLS. */
export async function openTlsListener(
  t: CleansUp,
  options: TlsListenerOptions,
): Promise<OpenListener> {
  const epochMs = options.epochMs ?? Date.now
  const certificates = await ServedCertificates.open({
    certificates: options.certificates,
    protocol: {
      profile: 'default',
      ciphers: undefined,
      isTls13Only: false,
      postQuantum: 'prefer',
      ...options.protocol,
    },
    epochMs,
  })
  const handshakes: Handshake[] = []
  const refused: string[] = []
  const terminator = new TlsTerminator({
    certificates,
    tickets: options.tickets,
    ticketLifetimeSeconds: 3600,
    handshakeTimeoutMs: 2_000,
    epochMs,
    onHandshake: (handshake) => void handshakes.push(handshake),
  })
  const listener = new Listener({
    ...LISTENER,
    terminator,
    onRefused: (reason) => void refused.push(reason),
    ...options.listener,
  })
  const address = await listener.open(options.app ?? schemeApp())
  t.after(() => listener.drain(0))
  return { listener, certificates, terminator, port: portOf(address), address, handshakes, refused }
}

export const LISTENER: ListenerOptions = {
  bindHost: '127.0.0.1',
  bindPort: 0,
  keepAliveMs: 60_000,
  requestTimeoutMs: 5_000,
  headersTimeoutMs: 5_000,
  backlog: 100,
  maxConnections: 1_000,
}

/** Says `https` or `http`, and from where. */
export function schemeApp(): Koa {
  return new Koa().use((context) => {
    const scheme = 'encrypted' in context.req.socket ? 'https' : 'http'
    context.body = `${scheme} ${context.req.socket.remoteAddress ?? 'nowhere'}`
  })
}

export function portOf(address: string): number {
  return URL.canParse(address) ? Number(new URL(address).port) : 0
}

export const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

export interface Answered {
  readonly text: string
  readonly status: number
  readonly body: string
  readonly protocol: string | null
  readonly cipher: string
  /** What the key was agreed upon with; blank: with none, or one that Node has no name for. */
  readonly group: string
  readonly isResumed: boolean
  readonly peer: string
  readonly session: Buffer | undefined
  /** What went wrong, of a connection that was not answered. */
  readonly error: string
}

function groupOf(socket: TLSSocket): string {
  const key = socket.getEphemeralKeyInfo()
  return key !== null && 'name' in key ? String(key.name) : ''
}

/** One request over TLS; never rejects. */
export function askOverTls(
  port: number,
  options: ConnectionOptions & { readonly before?: Buffer; readonly raw?: Socket } = {},
): Promise<Answered> {
  return new Promise((resolve) => {
    const { before, ...tls } = options
    const raw = options.raw ?? connectTcp(port, '127.0.0.1')
    if (before !== undefined) raw.write(before)
    let session: Buffer | undefined
    let error = ''
    const chunks: Buffer[] = []
    const socket: TLSSocket = connect({ servername: 'localhost', ...tls, socket: raw })
    let seen = {
      protocol: null as string | null,
      cipher: '',
      group: '',
      isResumed: false,
      peer: '',
    }
    socket.on('session', (it) => {
      session = it
    })
    socket.once('secureConnect', () => {
      seen = {
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        group: groupOf(socket),
        isResumed: socket.isSessionReused(),
        peer: String(socket.getPeerCertificate().subject?.CN ?? ''),
      }
      socket.write(GET)
    })
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', (it: NodeJS.ErrnoException) => {
      error = it.code ?? it.message
    })
    socket.setTimeout(60_000, () => socket.destroy(new Error('timeout')))
    socket.once('close', () => {
      const text = Buffer.concat(chunks).toString('latin1')
      resolve({
        ...seen,
        session,
        error,
        text,
        status: Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0),
        body: text.split('\r\n\r\n')[1] ?? '',
      })
    })
  })
}
