import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Unsealing } from '../domain/ports/unsealing.ts'
import { bindingPrivately, removeDeadSocket } from '../http/unixSocket.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'

export interface UnsealListenerParts {
  readonly path: string
  readonly unsealing: Unsealing
  /** What went wrong that nobody foresaw. */
  readonly onFailure: (error: unknown) => void
}

interface Reply {
  readonly status: number
  readonly body: object
  readonly retryAfterSeconds?: number | undefined
}

/** What Linux takes. */
const LONGEST_PATH = 107
/** Far more than a share has. */
const MOST_BYTES = 1024

/**
 * Where shares are brought (ADR 0049): a Unix socket that its owner alone may open, so no share ever
 * crosses a network but inside of what people log in with. HTTP, because both sides have it.
 */
export class UnsealListener {
  readonly #parts: UnsealListenerParts
  readonly #server: Server

  constructor(parts: UnsealListenerParts) {
    this.#parts = parts
    this.#server = createServer(
      { requestTimeout: 5_000, headersTimeout: 5_000, maxHeaderSize: 4_096 },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.maxConnections = 16
  }

  async open(): Promise<void> {
    const { path } = this.#parts
    if (Buffer.byteLength(path) > LONGEST_PATH) {
      throw new StartupRefusal(
        `${path} is too long for a socket (${LONGEST_PATH} bytes): set another [gatehouse] unseal_socket.`,
      )
    }
    await removeDeadSocket(path, '[gatehouse] unseal_socket')
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      const listening = (): void => {
        this.#server.off('error', reject)
        resolve()
      }
      bindingPrivately(() => this.#server.listen(path, listening))
    })
  }

  async close(): Promise<void> {
    this.#parts.unsealing.reset()
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const reply = await this.#reply(request).catch((error: unknown): Reply => {
      this.#parts.onFailure(error)
      return { status: 500, body: { sentence: 'It could not be done; the log has the cause.' } }
    })
    const { status, body, retryAfterSeconds } = reply
    const text = JSON.stringify(body)
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
      'Cache-Control': 'no-store',
      Connection: 'close',
      ...(retryAfterSeconds === undefined ? {} : { 'Retry-After': String(retryAfterSeconds) }),
    })
    response.end(text)
  }

  async #reply(request: IncomingMessage): Promise<Reply> {
    const { unsealing } = this.#parts
    switch (`${request.method} ${request.url}`) {
      case 'GET /status':
        return { status: 200, body: { stores: await unsealing.status() } }
      case 'POST /share': {
        const share = await bodyOf(request)
        if (share === undefined) return { status: 413, body: { sentence: 'This is no share.' } }
        const answer = await unsealing.bring(share)
        if (answer.isTaken) return { status: 200, body: { stores: [answer.status] } }
        const { sentence, retryAfterSeconds } = answer
        const status = retryAfterSeconds === undefined ? 400 : 429
        return { status, body: { sentence }, retryAfterSeconds }
      }
      case 'POST /reset':
        unsealing.reset()
        return { status: 200, body: { stores: await unsealing.status() } }
      case 'POST /seal':
        await unsealing.seal()
        return { status: 200, body: { stores: await unsealing.status() } }
      default:
        return { status: 404, body: { sentence: 'Here are /status, /share, /reset and /seal.' } }
    }
  }
}

/** undefined: too much. Chunks are wiped. */
async function bodyOf(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MOST_BYTES) return undefined
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return body
}
