import { z } from 'zod'
import { KmsHttp, KmsUnreachable } from '../kmsHttp.ts'
import type { TlsSource } from '../tlsFiles.ts'

export interface VaultPlace {
  /** Without `/v1`. */
  readonly url: string
  readonly tls: TlsSource
  readonly namespace: string | undefined
}

/** Understood, and refused: something about what was asked, or who asks. */
export class VaultRefusal extends Error {
  readonly status: number
  readonly said: string

  constructor(path: string, status: number, said: string) {
    super(`${path} was refused with ${status}${said === '' ? '' : `: ${said}`}`)
    this.name = 'VaultRefusal'
    this.status = status
    this.said = said
  }
}

export interface VaultQuestion {
  readonly method?: 'GET' | 'POST'
  /** Behind `/v1/`. */
  readonly path: string
  readonly token?: string
  readonly json?: Readonly<Record<string, unknown>>
}

const errors = z.object({ errors: z.array(z.string()) })

/** Statuses that speak of the server, and what they say (`/sys/health`, and the API's page on status codes). */
const STATES: ReadonlyMap<number, string> = new Map([
  [412, 'is a standby that has not caught up yet'],
  [429, 'wants fewer requests'],
  [472, 'is a standby for disaster recovery'],
  [473, 'is a performance standby'],
  [501, 'is not initialized'],
  [502, 'got no answer from something behind it'],
  [503, 'is sealed, or down for maintenance'],
])

/** A standby is well: it passes requests on. */
const WELL: ReadonlySet<number> = new Set([200, 429, 473])

/** Vault's and OpenBao's API: JSON, a token, a namespace. */
export class VaultHttp {
  readonly #http: KmsHttp
  readonly #namespace: string | undefined

  constructor({ url, tls, namespace }: VaultPlace) {
    this.#http = new KmsHttp(url, tls)
    this.#namespace = namespace
  }

  get host(): string {
    return this.#http.host
  }

  /**
   * @throws VaultRefusal for what is wrong with the question
   * @throws KmsUnreachable for what is wrong with the server
   */
  async ask<T>(question: VaultQuestion, shape: z.ZodType<T>, signal: AbortSignal): Promise<T> {
    const { method = 'POST', path, token, json } = question
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
    try {
      const response = await this.#http.send(
        {
          method,
          path: `/v1/${path}`,
          headers: {
            Accept: 'application/json',
            // What the API wants of every request, so that no browser can be made to send one.
            'X-Vault-Request': 'true',
            ...(token === undefined ? {} : { 'X-Vault-Token': token }),
            ...(this.#namespace === undefined ? {} : { 'X-Vault-Namespace': this.#namespace }),
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          },
          ...(body === undefined ? {} : { body }),
        },
        signal,
      )
      try {
        return this.#understood(path, response.status, response.body, shape)
      } finally {
        response.body.fill(0)
      }
    } finally {
      body?.fill(0)
    }
  }

  /** Wants no token and uses no key. @throws KmsUnreachable */
  async health(signal: AbortSignal): Promise<void> {
    const path = '/v1/sys/health'
    const { status } = await this.#http.send({ method: 'GET', path, headers: {} }, signal)
    if (!WELL.has(status)) throw this.#unwell(status)
  }

  close(): void {
    this.#http.close()
  }

  #understood<T>(path: string, status: number, body: Buffer, shape: z.ZodType<T>): T {
    if (STATES.has(status) || status >= 500 || (status >= 300 && status < 400)) {
      throw this.#unwell(status)
    }
    const value = parsed(body)
    if (status !== 200 && status !== 204) {
      const named = errors.safeParse(value)
      throw new VaultRefusal(path, status, named.success ? printable(named.data.errors) : '')
    }
    const understood = shape.safeParse(value)
    if (understood.success) return understood.data
    throw new KmsUnreachable(`${this.host} answers ${path} with something else than it should`)
  }

  #unwell(status: number): KmsUnreachable {
    const state =
      status >= 300 && status < 400
        ? 'sends us elsewhere: let vault_url be the active node, or one that forwards'
        : (STATES.get(status) ?? `answers ${status}`)
    return new KmsUnreachable(`${this.host} ${state}`)
  }
}

function parsed(body: Buffer): unknown {
  if (body.length === 0) return undefined
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    return undefined
  }
}

/** Into a log goes one short line, whatever the server says. */
function printable(said: readonly string[]): string {
  return said
    .join('; ')
    .replaceAll(/[^\x20-\x7e]+/g, ' ')
    .trim()
    .slice(0, 300)
}
