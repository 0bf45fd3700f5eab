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
  /** Of the client, as far as proxies that are trusted say it. */
  readonly remoteAddress: string
  /** As it was asked for, tidied; empty until it was looked at. */
  path = ''
  /** The path template, once a route is found. */
  route = 'unmatched'
  caller: Caller | undefined
  microversion: Microversion | undefined
  bytes = 0

  constructor(request: IncomingMessage, response: ServerResponse, remoteAddress = '') {
    this.request = request
    this.response = response
    this.remoteAddress = remoteAddress
    const inbound = request.headers['x-openstack-request-id']
    this.globalRequestId = typeof inbound === 'string' && REQUEST_ID.test(inbound) ? inbound : null
  }

  header(name: string): string | undefined {
    const value = this.request.headers[name]
    return typeof value === 'string' ? value : value?.[0]
  }

  /** Writes the whole answer at once; payload bytes are wiped when they have left. */
  send(answer: Answer, extra: Readonly<Record<string, string>> | undefined): void {
    const { response } = this
    if (response.headersSent || response.destroyed) {
      answer.payload?.fill(0)
      return
    }
    const body = bodyOf(answer)
    this.bytes = body?.length ?? 0
    // Names and values in turn: the form that Node writes without looking anything up again.
    const headers: (string | number)[] = ['X-Openstack-Request-Id', this.requestId]
    if (this.microversion !== undefined) headers.push(...microversionHeaders(this.microversion))
    if (answer.contentType !== undefined) headers.push('Content-Type', answer.contentType)
    else if (answer.json !== undefined) headers.push('Content-Type', 'application/json')
    if (answer.status !== 204 && answer.status !== 304) headers.push('Content-Length', this.bytes)
    addHeaders(headers, answer.headers)
    addHeaders(headers, extra)
    response.writeHead(answer.status, headers)
    // Text leaves in one write together with the headers; it is ASCII, so its length is its size.
    if (typeof body === 'string') response.end(body, 'latin1')
    else response.end(body)
    if (answer.payload !== undefined) wipeOnceGone(answer.payload, response)
  }
}

/** Mostly the kernel has taken all of it by now. */
function wipeOnceGone(payload: Buffer, response: ServerResponse): void {
  if (response.socket?.writableLength === 0) payload.fill(0)
  else response.once('close', () => payload.fill(0))
}

function bodyOf(answer: Answer): Buffer | string | undefined {
  if (answer.json !== undefined) return asciiJson(answer.json)
  return answer.payload ?? answer.document
}

function addHeaders(
  target: (string | number)[],
  added: Readonly<Record<string, string>> | undefined,
): void {
  for (const name in added) {
    const value = added[name]
    if (value !== undefined) target.push(name, value)
  }
}
