import { createHash, randomBytes, randomInt } from 'node:crypto'
import { Agent, request } from 'node:http'

export interface Reply {
  readonly status: number
  readonly body: Buffer
}

/** Callers of a server that is going to be killed. Says what it asks and what was acknowledged, for crashLedger.ts. */
export class ApiHammer {
  readonly #origin: string
  readonly #token: string
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 32 })
  readonly #say: (line: string) => void

  constructor(origin: string, token: string, say: (line: string) => void) {
    this.#origin = origin
    this.#token = token
    this.#say = say
  }

  /** Until the server is gone. An answer that is no success while it lives is an error. */
  async run(callers: number): Promise<void> {
    await Promise.all(Array.from({ length: callers }, () => this.#untilGone()))
  }

  /** What a secret is now: digest of its payload, `empty` before its second step, or `gone`. */
  async stateOf(id: string): Promise<string> {
    const payload = await this.call('GET', `/v1/secrets/${id}/payload`, {
      accept: 'application/octet-stream',
    })
    if (payload.status === 200) return digest(payload.body)
    if (payload.status !== 404) return `payload-answers-${payload.status}`
    const { status, body } = await this.call('GET', `/v1/secrets/${id}`)
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
      const sent = request(`${this.#origin}${path}`, {
        method,
        agent: this.#agent,
        headers: {
          'x-auth-token': this.#token,
          ...headers,
          ...(body === undefined ? {} : { 'content-length': body.length }),
        },
      })
      sent.setTimeout(20_000, () => sent.destroy(new Error(`${method} ${path} was not answered`)))
      sent.once('error', reject)
      sent.once('response', (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.once('error', reject)
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }),
        )
      })
      sent.end(body)
    })
  }

  close(): void {
    this.#agent.destroy()
  }

  async #untilGone(): Promise<void> {
    try {
      for (;;) await this.#oneLife()
    } catch (error) {
      if (!isGone(error)) throw error
    }
  }

  async #oneLife(): Promise<void> {
    const kind = randomInt(4)
    const id =
      kind === 0 ? await this.#inTwoSteps() : kind === 1 ? await this.#order() : await this.#store()
    if (randomInt(2) === 0) return
    this.#say(`ask ${id} gone`)
    await this.#expecting(204, 'DELETE', `/v1/secrets/${id}`)
    this.#say(`ack ${id} gone`)
  }

  async #store(): Promise<string> {
    const payload = randomBytes(1 + randomInt(8000))
    const created = await this.#json(201, '/v1/secrets', {
      payload: payload.toString('base64'),
      payload_content_type: 'application/octet-stream',
      payload_content_encoding: 'base64',
    })
    const id = idOf(created['secret_ref'])
    this.#say(`ack ${id} ${digest(payload)}`)
    return id
  }

  async #inTwoSteps(): Promise<string> {
    const created = await this.#json(201, '/v1/secrets', { name: 'two steps' })
    const id = idOf(created['secret_ref'])
    this.#say(`ack ${id} empty`)
    const payload = randomBytes(1 + randomInt(8000))
    this.#say(`ask ${id} ${digest(payload)}`)
    const type = { 'content-type': 'application/octet-stream' }
    await this.#expecting(204, 'PUT', `/v1/secrets/${id}`, type, payload)
    this.#say(`ack ${id} ${digest(payload)}`)
    return id
  }

  async #order(): Promise<string> {
    const meta = { algorithm: 'aes', bit_length: 256 }
    const placed = await this.#json(202, '/v1/orders', { type: 'key', meta })
    const path = `/v1/orders/${idOf(placed['order_ref'])}`
    const order = JSON.parse((await this.#expecting(200, 'GET', path)).body.toString()) as Readonly<
      Record<string, unknown>
    >
    const id = idOf(order['secret_ref'])
    this.#say(`ack ${id} ${await this.stateOf(id)}`)
    return id
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
    const reply = await this.call(method, path, headers, body)
    if (reply.status === status) return reply
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
