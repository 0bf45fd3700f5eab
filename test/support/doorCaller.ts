import type { Agent, Server } from 'node:http'
import { Test } from 'supertest'
import type { Route } from '../../src/http/route.ts'
import { assertIsProperAnswer, type DoorAnswer } from './doorAnswer.ts'

export interface DoorRequest {
  readonly headers?: Readonly<Record<string, string>>
  /** Text and bytes go out as they are; anything else as JSON. */
  readonly body?: unknown
  /** The test is about a server that is away or data that is damaged: 5xx is expected. */
  readonly mayFail?: boolean
}

interface CallerParts {
  readonly server: Server
  readonly agent: Agent
  readonly routes: readonly Route[]
  readonly headers: Readonly<Record<string, string>>
}

/** Somebody at the door. Every answer is held against what is true of all answers. */
export class Caller {
  readonly #parts: CallerParts

  constructor(parts: CallerParts) {
    this.#parts = parts
  }

  /** The same caller, with further headers on every request. */
  with(headers: Readonly<Record<string, string>>): Caller {
    return new Caller({ ...this.#parts, headers: { ...this.#parts.headers, ...headers } })
  }

  get(path: string, headers?: DoorRequest['headers']): Promise<DoorAnswer> {
    return this.ask('GET', path, headers === undefined ? {} : { headers })
  }

  post(path: string, body: unknown, headers?: DoorRequest['headers']): Promise<DoorAnswer> {
    return this.ask('POST', path, { body, headers: { ...JSON_TYPE, ...headers } })
  }

  put(path: string, body: unknown, headers?: DoorRequest['headers']): Promise<DoorAnswer> {
    return this.ask('PUT', path, { body, headers: { ...JSON_TYPE, ...headers } })
  }

  patch(path: string, body: unknown, headers?: DoorRequest['headers']): Promise<DoorAnswer> {
    return this.ask('PATCH', path, { body, headers: { ...JSON_TYPE, ...headers } })
  }

  /** A DELETE whose body says what is to go. */
  deleteWith(path: string, body: unknown, headers?: DoorRequest['headers']): Promise<DoorAnswer> {
    return this.ask('DELETE', path, { body, headers: { ...JSON_TYPE, ...headers } })
  }

  delete(path: string, headers?: DoorRequest['headers']): Promise<DoorAnswer> {
    return this.ask('DELETE', path, headers === undefined ? {} : { headers })
  }

  async ask(method: string, path: string, request: DoorRequest = {}): Promise<DoorAnswer> {
    const headers = { ...this.#parts.headers, ...request.headers }
    const call = new Test(this.#parts.server, method, path)
      .agent(this.#parts.agent)
      .redirects(0)
      .set(headers)
      .unset('Accept-Encoding')
      .buffer(true)
      .parse((response, done) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => done(null, Buffer.concat(chunks)))
      })
    if (request.body !== undefined) {
      const { body } = request
      const isRaw = typeof body === 'string' || Buffer.isBuffer(body)
      call.serialize((it: unknown) => it as string)
      call.send(isRaw ? body : JSON.stringify(body))
      if (headers['content-type'] === undefined) call.unset('Content-Type')
    }
    const response = await call
    const answer = answerOf(response.status, response.headers, response.body)
    if (request.mayFail !== true)
      assertIsProperAnswer(this.#parts.routes, { method, path, headers }, answer)
    return answer
  }
}

function answerOf(status: number, headers: DoorAnswer['headers'], body: unknown): DoorAnswer {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.alloc(0)
  const text = bytes.toString('utf8')
  return {
    status,
    headers,
    bytes,
    text,
    get json() {
      return JSON.parse(text) as DoorAnswer['json']
    },
  }
}

const JSON_TYPE = { 'content-type': 'application/json' }
