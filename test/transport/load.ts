import { randomInt } from 'node:crypto'
import { Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'

export type Scheme = 'http' | 'https'

/** Clients that do not try again: what fails once counts as failed. */
export class Load {
  readonly failures: string[] = []
  readonly done = { http: 0, https: 0 }
  readonly #port: number
  readonly #token: string
  readonly #ca: string
  readonly #addressOf: (index: number) => string
  readonly #schemes: Scheme[]
  readonly #running: Promise<void>[] = []
  #isOver = false

  constructor(options: {
    readonly port: number
    readonly token: string
    readonly ca: string
    readonly clients: number
    /** Where each client calls from, of this machine's own addresses. */
    readonly addressOf?: (index: number) => string
  }) {
    this.#port = options.port
    this.#token = options.token
    this.#ca = options.ca
    this.#addressOf = options.addressOf ?? (() => '127.0.0.1')
    this.#schemes = Array.from({ length: options.clients }, () => 'http')
  }

  start(): void {
    for (const index of this.#schemes.keys()) this.#running.push(this.#client(index))
  }

  /** This client asks over HTTPS from now on. */
  move(index: number): void {
    this.#schemes[index] = 'https'
  }

  get clients(): number {
    return this.#schemes.length
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#running)
  }

  /** Every other one keeps its connection; they think a little between requests. */
  async #client(index: number): Promise<void> {
    const keepAlive = index % 2 === 0
    const agents = {
      http: new HttpAgent({ keepAlive, maxSockets: 1 }),
      https: new HttpsAgent({ keepAlive, maxSockets: 1, ca: this.#ca, servername: 'localhost' }),
    }
    while (!this.#isOver) {
      const scheme = this.#schemes[index] ?? 'http'
      await this.#once(scheme, agents[scheme], index)
      await delay(randomInt(20))
      // In a process that was held up, timers go before a close that came meanwhile: that is read first.
      await new Promise((resolve) => setImmediate(resolve))
    }
    agents.http.destroy()
    agents.https.destroy()
  }

  async #once(scheme: Scheme, agent: HttpAgent, index: number): Promise<void> {
    try {
      const isWrite = randomInt(4) === 0
      const status = await this.#ask(scheme, agent, index, isWrite)
      if (status !== (isWrite ? 201 : 200)) this.failures.push(`${scheme} answered ${status}`)
    } catch (error) {
      this.failures.push(`${scheme} ${error instanceof Error ? `${error.message}` : 'failed'}`)
    }
    this.done[scheme] += 1
  }

  #ask(scheme: Scheme, agent: HttpAgent, index: number, isWrite: boolean): Promise<number> {
    const options: RequestOptions = {
      agent,
      host: '127.0.0.1',
      localAddress: this.#addressOf(index),
      port: this.#port,
      path: '/v1/secrets',
      method: isWrite ? 'POST' : 'GET',
      timeout: 60_000,
      headers: {
        'x-auth-token': this.#token,
        'user-agent': `client-${index}`,
        'content-type': 'application/json',
      },
    }
    return new Promise((resolve, reject) => {
      const send = scheme === 'http' ? httpRequest : httpsRequest
      const sent = send(options, (response) => {
        response.resume()
        response.once('end', () => resolve(response.statusCode ?? 0))
        response.once('error', reject)
      })
      sent.once('error', reject)
      sent.once('timeout', () => sent.destroy(new Error('no answer within a minute')))
      sent.end(isWrite ? '{"name": "n"}' : undefined)
    })
  }
}
