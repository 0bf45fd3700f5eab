import { setTimeout as delay } from 'node:timers/promises'
import { ask } from './ask.ts'

export interface TrafficReport {
  readonly requests: number
  /** What went wrong, in words; empty when nothing did. */
  readonly failures: readonly string[]
  readonly slowestMs: number
}

const SECRET = { payload: 'traffic', payload_content_type: 'text/plain' }

/** Callers that read and write without pause, from construction to `stop`. */
export class Traffic {
  readonly #over = new AbortController()
  readonly #failures: string[] = []
  readonly #callers: readonly Promise<void>[]
  #requests = 0
  #slowestMs = 0

  constructor(url: string, token: string, ref: string) {
    const read = async () => this.#expect(200, `${ref}/payload`, { token })
    const look = async () => this.#expect(200, ref, { token })
    const write = async () =>
      this.#expect(201, `${url}/v1/secrets`, { method: 'POST', token, json: SECRET })
    this.#callers = [read, look, write].map(async (call) => this.#repeat(call))
  }

  async stop(): Promise<TrafficReport> {
    this.#over.abort()
    await Promise.all(this.#callers)
    return { requests: this.#requests, failures: this.#failures, slowestMs: this.#slowestMs }
  }

  async #repeat(call: () => Promise<void>): Promise<void> {
    while (!this.#over.signal.aborted) {
      await call()
      await delay(10)
    }
  }

  async #expect(status: number, url: string, question: Parameters<typeof ask>[1]): Promise<void> {
    this.#requests++
    const begun = performance.now()
    const outcome = await ask(url, question).then(
      (answer) => (answer.status === status ? undefined : `${answer.status} ${answer.text}`),
      (error: unknown) => String(error),
    )
    this.#slowestMs = Math.max(this.#slowestMs, performance.now() - begun)
    if (outcome !== undefined) this.#failures.push(`${question?.method ?? 'GET'}: ${outcome}`)
  }
}
