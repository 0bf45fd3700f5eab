import { createHash, randomBytes, randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { UsableTime } from '../support/usableTime.ts'

export interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly body: Buffer
}

export interface ApiHammerParts {
  readonly origin: string
  readonly token: string
  /** What it asks and what was acknowledged, for crashLedger.ts. */
  readonly say: (line: string) => void
  /** 503 with Retry-After is an answer as well: something behind the server is being broken. */
  readonly isPatient?: boolean
}

export interface Tally {
  /** Requests that did what they were asked to. */
  readonly done: number
  /** Answered 503 with Retry-After. */
  readonly unavailable: number
  /** Of a request that was answered 503. */
  readonly longestUnavailableMs: number
}

/** So much less than Retry-After asks for, that an outage is felt. */
const PATIENCE_MS = 25
const MOST_READABLE = 500

class Unavailable extends Error {}

/** Callers of a server that is going to be killed, or whose database is. */
export class ApiHammer {
  readonly #parts: ApiHammerParts
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 64 })
  /** Acknowledged, and not going to be changed. */
  readonly #readable: [id: string, state: string][] = []
  #done = 0
  #unavailable = 0
  #longestUnavailableMs = 0
  #isStopped = false

  constructor(parts: ApiHammerParts) {
    this.#parts = parts
  }

  /** Until the server is gone, or it is told to stop. An answer that is no success is an error. */
  async run(callers: number, readers = 0): Promise<void> {
    this.#isStopped = false
    const write = Array.from({ length: callers }, () => this.#untilGone(() => this.#oneLife()))
    const read = Array.from({ length: readers }, () => this.#untilGone(() => this.#oneRead()))
    await Promise.all([...write, ...read])
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Since it was last asked. */
  tally(): Tally {
    const tally = {
      done: this.#done,
      unavailable: this.#unavailable,
      longestUnavailableMs: this.#longestUnavailableMs,
    }
    this.#done = 0
    this.#unavailable = 0
    this.#longestUnavailableMs = 0
    return tally
  }

  /** What a secret is now: digest of its payload, `empty` before its second step, or `gone`. */
  async stateOf(id: string): Promise<string> {
    const payload = await this.#orLater('GET', `/v1/secrets/${id}/payload`, {
      accept: 'application/octet-stream',
    })
    if (payload.status === 200) return digest(payload.body)
    if (payload.status !== 404) return `payload-answers-${payload.status}`
    const { status, body } = await this.#orLater('GET', `/v1/secrets/${id}`)
    if (status === 404) return 'gone'
    const metadata = JSON.parse(body.toString()) as Readonly<Record<string, unknown>>
    return status === 200 && !('content_types' in metadata) ? 'empty' : `answers-${status}`
  }

  /** Ids of every secret of the project. */
  async listed(): Promise<readonly string[]> {
    const ids: string[] = []
    for (let offset = 0; ; offset += 100) {
      const { body } = await this.call('GET', `/v1/secrets?limit=100&offset=${offset}`)
      const { secrets } = JSON.parse(body.toString()) as {
        readonly secrets: readonly { readonly secret_ref: string }[]
      }
      ids.push(...secrets.map(({ secret_ref }) => idOf(secret_ref)))
      if (secrets.length < 100) return ids
    }
  }

  async call(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body?: Buffer,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const sent = request(`${this.#parts.origin}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          'x-auth-token': this.#parts.token,
          ...headers,
          ...(body === undefined ? {} : { 'content-length': body.length }),
        },
      })
      sent.setTimeout(60_000, () => sent.destroy(new Error(`${method} ${path} was not answered`)))
      sent.once('error', reject)
      sent.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            retryAfter: response.headers['retry-after'],
            body: Buffer.concat(chunks),
          }),
        )
      })
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  /** Comes back after 503, as it is asked to: right after its start a node may have more to do than it can. */
  async #orLater(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    const until = performance.now() + 120_000
    for (;;) {
      const reply = await this.call(method, path, headers)
      if (reply.status !== 503 || performance.now() > until) return reply
      await delay(Number(reply.retryAfter) * 1000)
    }
  }

  async #untilGone(once: () => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      try {
        await once()
      } catch (error) {
        if (isGone(error)) return
        if (!(error instanceof Unavailable)) throw error
        await delay(PATIENCE_MS)
      }
    }
  }

  async #oneRead(): Promise<void> {
    const [id, state] = this.#readable[randomInt(Math.max(this.#readable.length, 1))] ?? []
    if (id === undefined) {
      await delay(PATIENCE_MS)
      return
    }
    const headers = { accept: 'application/octet-stream' }
    const reply = await this.#expecting(200, 'GET', `/v1/secrets/${id}/payload`, headers)
    if (digest(reply.body) !== state) throw new Error(`${id} is not what was acknowledged`)
  }

  async #oneLife(): Promise<void> {
    const kind = randomInt(4)
    const [id, state] =
      kind === 0 ? await this.#inTwoSteps() : kind === 1 ? await this.#order() : await this.#store()
    if (randomInt(2) === 0) {
      if (this.#readable.length < MOST_READABLE) this.#readable.push([id, state])
      return
    }
    this.#parts.say(`ask ${id} gone`)
    await this.#expecting(204, 'DELETE', `/v1/secrets/${id}`)
    this.#parts.say(`ack ${id} gone`)
  }

  async #store(): Promise<[id: string, state: string]> {
    const payload = randomBytes(1 + randomInt(8000))
    const created = await this.#json(201, '/v1/secrets', {
      payload: payload.toString('base64'),
      payload_content_type: 'application/octet-stream',
      payload_content_encoding: 'base64',
    })
    const id = idOf(created['secret_ref'])
    this.#parts.say(`ack ${id} ${digest(payload)}`)
    return [id, digest(payload)]
  }

  async #inTwoSteps(): Promise<[id: string, state: string]> {
    const created = await this.#json(201, '/v1/secrets', { name: 'two steps' })
    const id = idOf(created['secret_ref'])
    this.#parts.say(`ack ${id} empty`)
    const payload = randomBytes(1 + randomInt(8000))
    this.#parts.say(`ask ${id} ${digest(payload)}`)
    const type = { 'content-type': 'application/octet-stream' }
    await this.#expecting(204, 'PUT', `/v1/secrets/${id}`, type, payload)
    this.#parts.say(`ack ${id} ${digest(payload)}`)
    return [id, digest(payload)]
  }

  async #order(): Promise<[id: string, state: string]> {
    const meta = { algorithm: 'aes', bit_length: 256 }
    const placed = await this.#json(202, '/v1/orders', { type: 'key', meta })
    const path = `/v1/orders/${idOf(placed['order_ref'])}`
    const order = JSON.parse((await this.#expecting(200, 'GET', path)).body.toString()) as Readonly<
      Record<string, unknown>
    >
    const id = idOf(order['secret_ref'])
    const payload = await this.#expecting(200, 'GET', `/v1/secrets/${id}/payload`, {
      accept: 'application/octet-stream',
    })
    this.#parts.say(`ack ${id} ${digest(payload.body)}`)
    return [id, digest(payload.body)]
  }

  async #json(status: number, path: string, value: unknown) {
    const body = Buffer.from(JSON.stringify(value))
    const headers = { 'content-type': 'application/json' }
    const reply = await this.#expecting(status, 'POST', path, headers, body)
    return JSON.parse(reply.body.toString()) as Readonly<Record<string, unknown>>
  }

  async #expecting(
    status: number,
    method: string,
    path: string,
    headers?: Readonly<Record<string, string>>,
    body?: Buffer,
  ): Promise<Reply> {
    const time = new UsableTime()
    let tookMs = 0
    const reply = await this.call(method, path, headers, body).finally(() => {
      tookMs = time.ms()
    })
    if (reply.status === status) {
      this.#done += 1
      return reply
    }
    if (this.#parts.isPatient === true && reply.status === 503 && Number(reply.retryAfter) >= 1) {
      this.#unavailable += 1
      this.#longestUnavailableMs = Math.max(this.#longestUnavailableMs, tookMs)
      throw new Unavailable(reply.body.toString())
    }
    throw new Error(`${method} ${path} answered ${reply.status}: ${reply.body.toString()}`)
  }
}

function idOf(ref: unknown): string {
  const id = typeof ref === 'string' ? ref.split('/').at(-1) : undefined
  if (id === undefined) throw new Error(`${String(ref)} is no reference`)
  return id
}

function digest(payload: Buffer): string {
  return createHash('sha256').update(payload).digest('hex').slice(0, 32)
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'ECONNRESET' || code === 'ECONNREFUSED' || code === 'EPIPE'
}
