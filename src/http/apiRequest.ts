import type { z } from 'zod'
import type { RequestContext } from '../model/requestContext.ts'
import { decoded } from './decode/decoded.ts'
import { parseQuery } from './decode/query.ts'
import type { Exchange } from './exchange.ts'
import type { HrefBase } from './hrefs.ts'
import { parseJsonBody, requireJsonContentType } from './jsonBody.ts'
import { readBody } from './requestBody.ts'
import type { ApiRequest } from './route.ts'
import type { Workload } from './workload.ts'

interface Parts {
  readonly exchange: Exchange
  readonly ctx: RequestContext
  readonly params: Readonly<Record<string, string>>
  readonly queryString: string
  readonly hrefBase: HrefBase
  readonly maxBodyBytes: number
  readonly workload: Workload
}

/** What a handler sees; nothing is parsed before somebody asks. */
export class LazyApiRequest implements ApiRequest {
  readonly ctx: RequestContext
  readonly params: Readonly<Record<string, string>>
  readonly #hrefBase: HrefBase
  readonly #exchange: Exchange
  readonly #queryString: string
  readonly #maxBodyBytes: number
  readonly #workload: Workload
  #query: ReadonlyMap<string, string> | undefined

  constructor(parts: Parts) {
    this.ctx = parts.ctx
    this.params = parts.params
    this.#hrefBase = parts.hrefBase
    this.#exchange = parts.exchange
    this.#queryString = parts.queryString
    this.#maxBodyBytes = parts.maxBodyBytes
    this.#workload = parts.workload
  }

  get base(): string {
    return this.#hrefBase(this.#exchange.request)
  }

  get query(): ReadonlyMap<string, string> {
    this.#query ??= parseQuery(this.#queryString)
    return this.#query
  }

  get accept(): string | undefined {
    return this.#exchange.request.headers.accept
  }

  header(name: string): string | undefined {
    return this.#exchange.header(name)
  }

  async json<T>(schema: z.ZodType<T>, contentType: 'json' | 'any' = 'json'): Promise<T> {
    if (contentType === 'json') requireJsonContentType(this.header('content-type'))
    const bytes = await this.bytes(this.#maxBodyBytes)
    try {
      return decoded(schema, parseJsonBody(bytes))
    } finally {
      bytes.fill(0)
    }
  }

  bytes(limit: number): Promise<Buffer> {
    return this.#workload.idly(() => readBody(this.#exchange.request, limit))
  }
}
