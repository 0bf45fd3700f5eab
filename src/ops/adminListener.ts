import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from './metrics.ts'
import type { Readiness } from './readiness.ts'

export interface AdminListenerParts {
  readonly bindHost: string
  readonly bindPort: number
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>
  readonly readiness: Pick<Readiness, 'report'>
}

interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** `/metrics`, `/readyz` and `/livez`, for those who watch; apart from the API, so that neither is in the other's way. */
export class AdminListener {
  readonly #parts: AdminListenerParts
  readonly #server: Server

  constructor(parts: AdminListenerParts) {
    this.#parts = parts
    this.#server = createServer(
      {
        requestTimeout: 5_000,
        headersTimeout: 5_000,
        keepAliveTimeout: 30_000,
        maxHeaderSize: 8_192,
      },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.maxConnections = 64
  }

  /** @returns where it listens, for people to read */
  async open(): Promise<string> {
    const { bindHost, bindPort } = this.#parts
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen({ host: bindHost, port: bindPort }, () => {
        this.#server.off('error', reject)
        resolve()
      })
    })
    const address = this.#server.address()
    const port = typeof address === 'object' && address !== null ? address.port : bindPort
    return `http://${bindHost.includes(':') ? `[${bindHost}]` : bindHost}:${port}`
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const page = await this.#page(request).catch(() => FAILED)
    response.writeHead(page.status, {
      'Content-Type': page.type,
      'Content-Length': Buffer.byteLength(page.body),
      'Cache-Control': 'no-store',
      ...(page.status === 405 ? { Allow: 'GET, HEAD' } : {}),
    })
    response.end(request.method === 'HEAD' ? undefined : page.body)
  }

  async #page({ method, url = '' }: IncomingMessage): Promise<Page> {
    if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET and HEAD are possible.\n')
    const { metrics, readiness } = this.#parts
    switch (url.split('?', 1)[0]) {
      case '/metrics':
        return { status: 200, type: metrics.contentType, body: await metrics.text() }
      case '/readyz': {
        const report = await readiness.report()
        const body = `${JSON.stringify(report, null, 2)}\n`
        return { status: report.ready ? 200 : 503, type: 'application/json', body }
      }
      // Of the process alone: nothing that it reports is mended by starting it again.
      case '/livez':
        return text(200, 'ok\n')
      default:
        return text(404, 'Here are /metrics, /readyz and /livez.\n')
    }
  }
}

const FAILED: Page = text(500, 'This page could not be made.\n')

function text(status: number, body: string): Page {
  return { status, type: 'text/plain; charset=utf-8', body }
}
