import http from 'node:http'
import https from 'node:https'
import { reasonOf } from './reasonOf.ts'
import type { TlsFiles, TlsSource } from './tlsFiles.ts'

export interface KmsRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** With its query, below the base. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** The caller wipes it. */
  readonly body?: Uint8Array
}

export interface KmsResponse {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  /** The caller wipes it. */
  readonly body: Buffer
}

/** It could not be asked, or did not answer as it should. Holds nothing of what was asked. */
export class KmsUnreachable extends Error {
  constructor(what: string, cause?: unknown) {
    super(what, cause === undefined ? undefined : { cause })
    this.name = 'KmsUnreachable'
  }
}

/** Many times what any of these answers has. */
const MAX_ANSWER_BYTES = 262_144

/** HTTP to one key server over kept connections. fetch would take neither a CA nor a client certificate. */
export class KmsHttp {
  readonly #base: URL
  readonly #agent: http.Agent
  readonly #tls: TlsSource | undefined
  #tlsInUse: TlsFiles | undefined

  constructor(base: string, tls?: TlsSource) {
    this.#base = new URL(base)
    const kept = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: 16, maxFreeSockets: 4 }
    const isTls = this.#base.protocol === 'https:'
    this.#agent = isTls ? new https.Agent(kept) : new http.Agent(kept)
    this.#tls = isTls ? tls : undefined
  }

  /** As a request names it. */
  get host(): string {
    return this.#base.host
  }

  /** Everything asked may be asked twice. @throws KmsUnreachable, or the reason of the signal */
  async send(request: KmsRequest, signal: AbortSignal): Promise<KmsResponse> {
    signal.throwIfAborted()
    for (let attempt = 0; ; attempt += 1) {
      const sent = this.#start(request, signal)
      try {
        return await sent.response
      } catch (error) {
        signal.throwIfAborted()
        // A kept connection that the server closed just now is no news.
        if (attempt === 0 && sent.isOnKeptConnection() && isBroken(error)) continue
        if (error instanceof KmsUnreachable) throw error
        throw new KmsUnreachable(`${this.host} cannot be reached: ${reasonOf(error)}`, error)
      }
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #start({ method, path, headers, body }: KmsRequest, signal: AbortSignal) {
    const { promise, resolve, reject } = Promise.withResolvers<KmsResponse>()
    const client = this.#base.protocol === 'https:' ? https : http
    const outgoing = client.request(
      `${this.#base.origin}${this.#base.pathname.replace(/\/+$/, '')}${path}`,
      {
        method,
        agent: this.#agent,
        signal,
        minVersion: 'TLSv1.2',
        ...this.#certificates(),
        headers: {
          'User-Agent': 'gatehouse',
          ...headers,
          ...(body === undefined ? {} : { 'Content-Length': String(body.length) }),
        },
      },
      (incoming) => {
        collect(incoming).then(resolve, reject)
      },
    )
    outgoing.on('error', reject)
    outgoing.end(body)
    return { response: promise, isOnKeptConnection: () => outgoing.reusedSocket }
  }

  /** An agent keeps connections with other certificates apart; those at rest are of no use any more. */
  #certificates(): Partial<TlsFiles> {
    const now = this.#tls?.()
    if (this.#tlsInUse !== undefined && now !== this.#tlsInUse) {
      for (const socket of Object.values(this.#agent.freeSockets).flat()) socket?.destroy()
    }
    this.#tlsInUse = now
    return now ?? {}
  }
}

async function collect(incoming: http.IncomingMessage): Promise<KmsResponse> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) {
      incoming.destroy()
      throw new KmsUnreachable(`it answers more than ${MAX_ANSWER_BYTES} bytes`)
    }
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  for (const chunk of chunks) chunk.fill(0)
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body }
}

function isBroken(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    (error.code === 'ECONNRESET' || error.code === 'EPIPE')
  )
}
