import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Caller, Microversion } from '../model/requestContext.ts'
import { asciiJson } from './answers.ts'
import { microversionHeaders } from './microversion.ts'
import type { Answer } from './route.ts'

const REQUEST_ID = /^req-[0-9a-f-]{36}$/

/** One request and its answer, from the first byte to the access log. */
export class Exchange {
  readonly requestId = `req-${randomUUID()}`
  readonly globalRequestId: string | null
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The path template, once a route is found. */
  route = 'unmatched'
  caller: Caller | undefined
  microversion: Microversion | undefined
  bytes = 0

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.request = request
    this.response = response
    const inbound = request.headers['x-openstack-request-id']
    this.globalRequestId = typeof inbound === 'string' && REQUEST_ID.test(inbound) ? inbound : null
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }

  /** Writes the whole answer at once; payload bytes are wiped when they have left. */
  send(answer: Answer, extra: Readonly<Record<string, string>>): void {
    const { response } = this
    if (response.headersSent || response.destroyed) {
      answer.payload?.fill(0)
      return
    }
    const body = bodyOf(answer)
    this.bytes = body?.length ?? 0
    const headers: Record<string, string | number> = {
      'X-Openstack-Request-Id': this.requestId,
      ...(this.microversion === undefined ? {} : microversionHeaders(this.microversion)),
    }
    if (answer.contentType !== undefined) headers['Content-Type'] = answer.contentType
    else if (answer.json !== undefined) headers['Content-Type'] = 'application/json'
    if (answer.status !== 204 && answer.status !== 304) headers['Content-Length'] = this.bytes
    mergeHeaders(headers, answer.headers)
    mergeHeaders(headers, extra)
    response.writeHead(answer.status, headers)
    const { payload } = answer
    if (payload !== undefined) response.once('close', () => payload.fill(0))
    response.end(body)
  }
}

function bodyOf(answer: Answer): Buffer | undefined {
  const ready = answer.payload ?? answer.document
  if (ready !== undefined) return ready
  return answer.json === undefined ? undefined : Buffer.from(asciiJson(answer.json), 'latin1')
}

function mergeHeaders(
  target: Record<string, string | number>,
  added: Readonly<Record<string, string>> | undefined,
): void {
  for (const name in added) {
    const value = added[name]
    if (value === undefined) continue
    const present = target[name]
    target[name] = name === 'Vary' && present !== undefined ? `${present}, ${value}` : value
  }
}
