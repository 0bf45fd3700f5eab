import type { z } from 'zod'
import type { RequestContext } from '../model/requestContext.ts'
import type { RuleName } from '../policy/defaultRules.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** What goes back; at most one of json, document and payload. */
export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly json?: unknown
  /** ASCII text, ready to send. */
  readonly document?: string
  /** Wiped once it has left. */
  readonly payload?: Buffer
  readonly contentType?: string
}

/** What a success may carry besides the headers that every answer has. */
export type AnswerHeader = 'Location' | 'ETag' | 'Cache-Control'

/** What a handler sees of a request: decoded where everybody needs it, lazy where few do. */
export interface ApiRequest {
  readonly ctx: RequestContext
  readonly params: Readonly<Record<string, string>>
  /** A repeated key has its last value (Q20). */
  readonly query: ReadonlyMap<string, string>
  /** Scheme, host and prefix of every ref in the answer, without a trailing slash. */
  readonly base: string
  readonly accept: string | undefined
  header(name: string): string | undefined
  /**
   * Content-Type (unless any will do), size, JSON, schema, in this order. Called by the verb once the
   * caller is authorized.
   */
  json<T>(schema: z.ZodType<T>, contentType?: 'json' | 'any'): Promise<T>
  /** The body as bytes, whatever its type. */
  bytes(limit: number): Promise<Buffer>
}

/**
 * Everything true about an endpoint. Docs, 405 with Allow, negotiation and tests derive from it.
 */
export interface Route {
  readonly method: Method
  /** OpenAPI form: /v1/secrets/{secret_id} */
  readonly path: string
  /** Asked for so often that it is found ahead of the router. */
  readonly isHot?: true
  /** Answered also while there is more to do than can be done, as far as nothing has to be fetched for it (ADR 0043). */
  readonly isKept?: true
  /** The rules that may be asked, for the docs; the verb asks them. */
  readonly rules: readonly RuleName[]
  readonly summary: string
  /** 'json': any Accept that excludes JSON is 406 before anything else happens (contract 00). */
  readonly accepts: 'json' | 'any'
  readonly body?: { readonly schema: z.ZodType } | 'payload'
  /** For the reference: what may stand in the query string, in words and limits. Decoders are more lenient. */
  readonly query?: Readonly<Record<string, z.ZodType>>
  /** The JSON of a success; tests hold every answer to it. */
  readonly shows?: z.ZodType
  /** A success may be the payload itself, in a type that Accept chooses. */
  readonly showsPayload?: true
  readonly headers?: readonly AnswerHeader[]
  readonly answers: readonly number[]
  /** Throws 404 when what the path names is not there: asked before a 405 or 406, which come second (contract 00). */
  readonly lookUp?: (request: ApiRequest) => Promise<void>
  handle(request: ApiRequest): Promise<Answer>
}
