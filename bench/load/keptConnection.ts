import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  readonly body: Buffer
}

const END_OF_HEAD = '\r\n\r\n'
const TIMEOUT_MS = 30_000

/**
 * One connection that is kept, one request at a time. As little as a load generator needs: through
 * node:http it spent four times as much on a request, about what the server does. Answers must name their
 * length.
 */
export class KeptConnection {
  readonly #socket: Socket
  #got: Buffer = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<Answer> | undefined

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('no answer in time')))
    socket.on('data', (chunk) => this.#take(chunk))
    socket.on('error', (error) => this.#waiting?.reject(error))
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed')))
  }

  static async open(origin: string): Promise<KeptConnection> {
    const { hostname, port } = new URL(origin)
    const socket = connect(Number(port), hostname)
    await once(socket, 'connect')
    return new KeptConnection(socket)
  }

  send(request: string): Promise<Answer> {
    this.#waiting = Promise.withResolvers<Answer>()
    this.#socket.write(request)
    return this.#waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#got = this.#got.length === 0 ? chunk : Buffer.concat([this.#got, chunk])
    const end = this.#got.indexOf(END_OF_HEAD)
    if (end < 0) return
    const head = this.#got.toString('latin1', 0, end)
    const status = Number(head.slice(9, 12))
    const length = status === 204 ? 0 : Number(/^content-length: (\d+)/im.exec(head)?.[1])
    if (Number.isNaN(length)) {
      this.#waiting?.reject(new Error(`an answer without Content-Length: ${head}`))
      return
    }
    const from = end + END_OF_HEAD.length
    if (this.#got.length < from + length) return
    const body = this.#got.subarray(from, from + length)
    this.#got = this.#got.subarray(from + length)
    const waiting = this.#waiting
    this.#waiting = undefined
    waiting?.resolve({ status, body })
  }
}
