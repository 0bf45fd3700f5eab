import { connect, type Socket } from 'node:net'
import type { Api } from '../../src/compose/api.ts'
import { Listener, type ListenerOptions } from '../../src/http/listener.ts'

/** Bytes on a real socket, below anything a client library would let through. */
export class Wire {
  readonly #listener: Listener
  readonly port: number

  private constructor(listener: Listener, port: number) {
    this.#listener = listener
    this.port = port
  }

  static async open(app: Api['app'], options: Partial<ListenerOptions> = {}): Promise<Wire> {
    const listener = new Listener({
      bindHost: '127.0.0.1',
      bindPort: 0,
      keepAliveMs: 60_000,
      requestTimeoutMs: 20_000,
      headersTimeoutMs: 20_000,
      backlog: 511,
      maxConnections: 1_000,
      ...options,
    })
    return new Wire(listener, Number(new URL(await listener.open(app)).port))
  }

  connect(): Promise<Socket> {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => resolve(socket.off('error', reject)))
      socket.once('error', reject)
    })
  }

  /**
   * Sends these pieces and gives all that comes back until the server closes. `hangUp`: our side says
   * it is done once everything is sent.
   */
  async say(
    pieces: string | Buffer | readonly (string | Buffer)[],
    how: SayOptions = {},
  ): Promise<Heard> {
    const socket = await this.connect()
    const heard = listen(socket, how.deadlineMs)
    for (const piece of typeof pieces === 'string' || Buffer.isBuffer(pieces) ? [pieces] : pieces) {
      socket.write(typeof piece === 'string' ? Buffer.from(piece, 'latin1') : piece)
      if (how.inPieces === true) await new Promise((resolve) => setImmediate(resolve))
    }
    if (how.hangUp === true) socket.end()
    return heard
  }

  drain(graceMs: number): Promise<void> {
    return this.#listener.drain(graceMs)
  }

  close(): Promise<void> {
    return this.#listener.drain(0)
  }
}

export interface SayOptions {
  readonly hangUp?: boolean
  /** A turn of the loop between two pieces, so that they arrive one by one. */
  readonly inPieces?: boolean
  readonly deadlineMs?: number
}

export interface Heard {
  /** Status of each answer, in order; 100 Continue among them. */
  readonly statuses: readonly number[]
  readonly text: string
  /** False: the server was still holding the connection at the deadline. */
  readonly isClosed: boolean
}

/** Far longer than any machine takes: whoever is waited for so long does not close. */
const PATIENCE_MS = 60_000

/** Everything until the close, or until the deadline. */
export function listen(socket: Socket, deadlineMs = PATIENCE_MS): Promise<Heard> {
  const chunks: Buffer[] = []
  return new Promise((resolve) => {
    const done = (isClosed: boolean): void => {
      clearTimeout(deadline)
      socket.destroy()
      const text = Buffer.concat(chunks).toString('latin1')
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => Number(match[1]))
      resolve({ statuses, text, isClosed })
    }
    const deadline = setTimeout(() => done(false), deadlineMs)
    socket.on('data', (chunk: Buffer) => chunks.push(chunk))
    socket.on('error', () => undefined)
    socket.once('close', () => done(true))
  })
}
