import type { IncomingMessage } from 'node:http'

export interface CorsOptions {
  /** Empty: no CORS headers at all. `*` allows every origin. */
  readonly allowedOrigins: readonly string[]
  readonly allowCredentials: boolean
  readonly maxAgeSeconds: number
  readonly exposeHeaders: readonly string[]
  readonly allowMethods: readonly string[]
  readonly allowHeaders: readonly string[]
}

type Headers = Record<string, string>

const NONE: Headers = {}

/** Cross-origin headers as oslo.middleware sends them (contract 00, CORS). An unknown origin gets none. */
export class Cors {
  readonly #options: CorsOptions
  readonly #origins: ReadonlySet<string>

  constructor(options: CorsOptions) {
    this.#options = options
    this.#origins = new Set(options.allowedOrigins)
  }

  /** Headers for an answer to a plain request. */
  actual(request: IncomingMessage): Headers {
    const origin = this.#allowedOrigin(request)
    if (origin === undefined) return NONE
    return {
      ...this.#shared(origin),
      'Access-Control-Expose-Headers': this.#options.exposeHeaders.join(','),
    }
  }

  /** Headers for the 200 that OPTIONS always gets. */
  preflight(request: IncomingMessage): Headers {
    const origin = this.#allowedOrigin(request)
    const method = request.headers['access-control-request-method']
    if (origin === undefined || method === undefined) return NONE
    if (!this.#options.allowMethods.includes(method)) return NONE
    const asked = request.headers['access-control-request-headers']?.split(',') ?? []
    const headers = asked.map((name) => name.trim()).filter((name) => name !== '')
    if (!headers.every((name) => this.#allowsHeader(name))) return NONE
    return {
      ...this.#shared(origin),
      'Access-Control-Max-Age': String(this.#options.maxAgeSeconds),
      'Access-Control-Allow-Methods': method,
      ...(headers.length === 0 ? {} : { 'Access-Control-Allow-Headers': headers.join(',') }),
    }
  }

  #allowedOrigin(request: IncomingMessage): string | undefined {
    if (this.#origins.size === 0) return undefined
    const { origin } = request.headers
    if (origin === undefined) return undefined
    return this.#origins.has(origin) || this.#origins.has('*') ? origin : undefined
  }

  #shared(origin: string): Headers {
    return {
      'Access-Control-Allow-Origin': origin,
      Vary: 'Origin',
      ...(this.#options.allowCredentials ? { 'Access-Control-Allow-Credentials': 'true' } : {}),
    }
  }

  #allowsHeader(name: string): boolean {
    const wanted = name.toLowerCase()
    return (
      SIMPLE_HEADERS.has(wanted) ||
      this.#options.allowHeaders.some((it) => it.toLowerCase() === wanted)
    )
  }
}

const SIMPLE_HEADERS = new Set([
  'accept',
  'accept-language',
  'content-type',
  'cache-control',
  'content-language',
  'expires',
  'last-modified',
  'pragma',
])
