import { isIP } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { reasonOf } from '../reasonOf.ts'
import type { TlsSource } from '../tlsFiles.ts'
import { MAX_RESPONSE_BYTES } from './kmipMessages.ts'
import { TAG } from './kmipNames.ts'
import { HEADER_BYTES, headerAt } from './ttlv.ts'

export interface KmipPlace {
  readonly host: string
  readonly port: number
  readonly tls: TlsSource
}

/** The server cannot be reached, went away, or sent what no KMIP server sends. */
export class KmipUnreachable extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.name = 'KmipUnreachable'
  }
}

const STRUCTURE = 1

interface Waiter {
  readonly resolve: (message: Buffer) => void
  readonly reject: (error: unknown) => void
}

/** One TLS connection, one question at a time. Once anything went wrong on it, it is closed. */
export class KmipConnection {
  readonly #socket: TLSSocket
  #waiter: Waiter | undefined
  #chunks: Buffer[] = []
  #received = 0

  private constructor(socket: TLSSocket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('error', (error) => this.#end(error))
    socket.on('close', () => this.#end(undefined))
  }

  /** @throws KmipUnreachable */
  static async open({ host, port, tls }: KmipPlace, signal: AbortSignal): Promise<KmipConnection> {
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<TLSSocket>()
    const socket = connect({
      host,
      port,
      ...tls(),
      // A name in the certificate is asked for by name; an address is only compared.
      ...(isIP(host) === 0 ? { servername: host } : {}),
      minVersion: 'TLSv1.2',
    })
    const giveUp = () => socket.destroy(reasonToStop(signal))
    signal.addEventListener('abort', giveUp)
    socket.once('secureConnect', () => resolve(socket))
    socket.on('error', reject)
    socket.once('close', () => reject(new Error('closed during the handshake')))
    try {
      const connection = new KmipConnection(await promise)
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 30_000)
      return connection
    } catch (cause) {
      signal.throwIfAborted()
      throw new KmipUnreachable(
        `the KMIP server ${host}:${port} cannot be reached: ${reasonOf(cause)}`,
        cause,
      )
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed
  }

  /** @throws KmipUnreachable, or the reason of the signal */
  async ask(message: Uint8Array, signal: AbortSignal): Promise<Buffer> {
    signal.throwIfAborted()
    if (!this.isOpen || this.#waiter !== undefined) {
      throw new KmipUnreachable('the connection to the KMIP server is gone')
    }
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>()
    this.#waiter = { resolve, reject }
    const giveUp = () => this.#fail(reasonToStop(signal))
    signal.addEventListener('abort', giveUp)
    try {
      this.#socket.write(message)
      return await promise
    } finally {
      signal.removeEventListener('abort', giveUp)
    }
  }

  close(): void {
    this.#fail(new KmipUnreachable('the connection to the KMIP server was closed'))
  }

  #take(chunk: Buffer): void {
    if (this.#waiter === undefined) {
      this.#fail(new KmipUnreachable('the KMIP server answered without being asked'))
      return
    }
    this.#chunks.push(chunk)
    this.#received += chunk.length
    if (this.#received < HEADER_BYTES) return
    const received = this.#gathered()
    const { tag, typeCode, length } = headerAt(received, 0)
    if (tag !== TAG.responseMessage || typeCode !== STRUCTURE || length > MAX_RESPONSE_BYTES) {
      this.#fail(new KmipUnreachable('the server does not answer as a KMIP server does'))
      return
    }
    if (this.#received < HEADER_BYTES + length) return
    if (this.#received > HEADER_BYTES + length) {
      this.#fail(new KmipUnreachable('the KMIP server answered more than it was asked'))
      return
    }
    const { resolve } = this.#waiter
    this.#waiter = undefined
    this.#chunks = []
    this.#received = 0
    resolve(received)
  }

  /** In one piece; the pieces may hold a key. */
  #gathered(): Buffer {
    const [first] = this.#chunks
    if (first !== undefined && this.#chunks.length === 1) return first
    const whole = Buffer.concat(this.#chunks)
    for (const piece of this.#chunks) piece.fill(0)
    this.#chunks = [whole]
    return whole
  }

  #end(error: Error | undefined): void {
    const why = error === undefined ? 'it closed the connection' : reasonOf(error)
    this.#fail(new KmipUnreachable(`the KMIP server went away: ${why}`, error))
  }

  #fail(error: unknown): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    this.#chunks = []
    this.#socket.destroy()
    waiter?.reject(error)
  }
}

function reasonToStop(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('the call was given up')
}
