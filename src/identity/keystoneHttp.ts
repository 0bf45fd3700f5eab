import http from 'node:http'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SecureContextOptions } from 'node:tls'
import { machineCertificates, readPem } from '../lib/pemFile.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { KeystoneConnection, KeystoneEvent } from './keystoneOptions.ts'
import { TlsFiles } from './tlsFiles.ts'

export interface KeystoneRequest {
  readonly method: 'GET' | 'POST'
  /** Below `/v3`. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

export interface KeystoneResponse {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: string
}

/** Keystone could not be asked, or did not answer in time. Holds nothing of what was asked. */
export class KeystoneUnreachable extends Error {
  constructor(reason: string, cause?: unknown) {
    super(reason, cause === undefined ? undefined : { cause })
    this.name = 'KeystoneUnreachable'
  }
}

const MAX_ANSWER_BYTES = 1_048_576
const PAUSES_MS = [0, 100, 300, 1000]

/** HTTP to one Keystone over kept connections. fetch would take neither a CA nor a client certificate. */
export class KeystoneHttp {
  readonly #base: URL
  readonly #agent: http.Agent
  /** undefined: in clear. */
  readonly #tls: TlsFiles | undefined
  readonly #isChecked: boolean
  readonly #timeoutMs: number
  readonly #connectTimeoutMs: number
  readonly #maxRetries: number

  /** @throws StartupRefusal when a certificate file cannot be read or the URL is none */
  constructor(
    connection: KeystoneConnection & { readonly onEvent?: (event: KeystoneEvent) => void },
  ) {
    this.#base = baseUrl(connection.authUrl)
    this.#timeoutMs = (connection.timeoutSeconds ?? 10) * 1000
    this.#connectTimeoutMs = (connection.connectTimeoutSeconds ?? 5) * 1000
    this.#maxRetries = connection.maxRetries ?? 3
    const kept = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets: 64, maxFreeSockets: 16 }
    this.#isChecked = connection.insecure !== true
    const isTls = this.#base.protocol === 'https:'
    this.#agent = isTls ? new https.Agent(kept) : new http.Agent(kept)
    const { cafile, certfile, keyfile, onEvent = () => undefined } = connection
    this.#tls = isTls
      ? new TlsFiles({
          files: [cafile, certfile, keyfile].filter((file) => file !== undefined),
          read: () => tlsOptions(connection),
          onEvent,
          ...(connection.lookEveryMs !== undefined && { lookEveryMs: connection.lookEveryMs }),
        })
      : undefined
  }

  /** @throws KeystoneUnreachable */
  async send(request: KeystoneRequest, signal?: AbortSignal): Promise<KeystoneResponse> {
    const deadline = AbortSignal.timeout(this.#timeoutMs)
    const ends = signal === undefined ? deadline : AbortSignal.any([deadline, signal])
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#sendOnce(request, ends)
      } catch (error) {
        if (ends.aborted) throw new KeystoneUnreachable('Keystone does not answer in time', error)
        const isFinal = attempt >= this.#maxRetries || !isConnectionError(error)
        if (isFinal)
          throw new KeystoneUnreachable(`Keystone cannot be asked: ${reasonOf(error)}`, error)
      }
      const pauseMs = PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)] ?? 0
      await sleep(pauseMs, undefined, { signal: ends }).catch((cause: unknown) => {
        throw new KeystoneUnreachable('Keystone does not answer in time', cause)
      })
    }
  }

  close(): void {
    this.#agent.destroy()
  }

  #sendOnce(request: KeystoneRequest, signal: AbortSignal): Promise<KeystoneResponse> {
    const { promise, resolve, reject } = Promise.withResolvers<KeystoneResponse>()
    const options = {
      method: request.method,
      headers: headersOf(request),
      agent: this.#agent,
      signal,
    }
    const address = `${this.#base.origin}${this.#base.pathname}${request.path}`
    const collected = (incoming: http.IncomingMessage): void => {
      collect(incoming).then(resolve, reject)
    }
    const outgoing =
      this.#tls === undefined
        ? http.request(address, options, collected)
        : https.request(address, { ...options, ...this.#certificates(this.#tls) }, collected)
    outgoing.on('error', reject)
    outgoing.on('socket', (socket) => this.#limitConnecting(socket, outgoing))
    outgoing.end(request.body)
    return promise
  }

  /** Other certificates mean other connections, for an agent keeps them apart; those at rest are closed. */
  #certificates(tls: TlsFiles): https.RequestOptions {
    if (tls.look()) {
      for (const sockets of Object.values(this.#agent.freeSockets)) {
        for (const socket of sockets ?? []) socket.destroy()
      }
    }
    return { ...tls.current, rejectUnauthorized: this.#isChecked }
  }

  /** A host that swallows packets should cost less than one that computes. */
  #limitConnecting(socket: import('node:net').Socket, outgoing: http.ClientRequest): void {
    if (!socket.connecting) return
    const timer = setTimeout(() => {
      outgoing.destroy(Object.assign(new Error('connect timed out'), { code: 'ETIMEDOUT' }))
    }, this.#connectTimeoutMs)
    const done = (): void => clearTimeout(timer)
    socket.once('connect', done)
    socket.once('close', done)
  }
}

function headersOf(request: KeystoneRequest): Record<string, string> {
  const { body } = request
  const headers: Record<string, string> = { Accept: 'application/json', 'User-Agent': 'gatehouse' }
  if (body !== undefined) {
    headers['Content-Type'] = 'application/json'
    headers['Content-Length'] = String(Buffer.byteLength(body))
  }
  return { ...headers, ...request.headers }
}

async function collect(incoming: http.IncomingMessage): Promise<KeystoneResponse> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > MAX_ANSWER_BYTES) throw new Error('the answer is longer than 1 MiB')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString('utf8')
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body }
}

/** Accepts what operators write: with or without `/v3`, with `/v2.0`, below a prefix. */
function baseUrl(authUrl: string): URL {
  const url = URL.parse(authUrl)
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new StartupRefusal(`[keystone_authtoken] auth_url is no http or https URL: ${authUrl}`)
  }
  url.pathname = `${url.pathname.replace(/\/+$/, '').replace(/\/v[0-9.]+$/, '')}/v3`
  return url
}

function tlsOptions(connection: KeystoneConnection): SecureContextOptions {
  const { cafile, certfile, keyfile } = connection
  const pemAt = (option: string, path: string) => readPem('keystone_authtoken', option, path)
  const cert = certfile === undefined ? undefined : pemAt('certfile', certfile)
  const key = keyfile === undefined ? cert : pemAt('keyfile', keyfile)
  return {
    ca: cafile === undefined ? machineCertificates() : pemAt('cafile', cafile),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    minVersion: 'TLSv1.2',
  }
}

const CONNECTION_ERRORS: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
])

function isConnectionError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CONNECTION_ERRORS.has(error.code)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error'
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
