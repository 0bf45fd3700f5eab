import { setTimeout as delay } from 'node:timers/promises'
import { ask } from './ask.ts'

export interface TrafficReport {
  /** What went wrong, in words; empty when nothing did. */
  readonly failures: readonly string[]
}

const SECRET = { payload: 'traffic', payload_content_type: 'text/plain' }

/** Callers that read and write without pause, from construction to `stop`. */
export class Traffic {
  readonly #over = new AbortController()
  readonly #failures: string[] = []
  /** By each of the callers. */
  readonly #answered = [0, 0, 0]
  readonly #callers: readonly Promise<void>[]

  constructor(url: string, token: string, ref: string) {
    const read = async () => this.#expect(200, `${ref}/payload`, { token })
    const look = async () => this.#expect(200, ref, { token })
    const write = async () =>
      this.#expect(201, `${url}/v1/secrets`, { method: 'POST', token, json: SECRET })
    this.#callers = [read, look, write].map(async (call, index) => this.#repeat(call, index))
  }

  async stop(): Promise<TrafficReport> {
    this.#over.abort()
    await Promise.all(this.#callers)
    return { failures: this.#failures }
  }

  /** Until every caller was answered so many times more: none of them waits for what is away. */
  async goesOn(times: number): Promise<void> {
    const goals = this.#answered.map((count) => count + times)
    const late = performance.now() + 60_000
    while (goals.some((goal, index) => (this.#answered[index] ?? 0) < goal)) {
      if (performance.now() > late) throw new Error(`answered: ${this.#answered}, of ${goals}`)
      await delay(20)
    }
  }

  async #repeat(call: () => Promise<void>, index: number): Promise<void> {
    while (!this.#over.signal.aborted) {
      await call()
      this.#answered[index] = (this.#answered[index] ?? 0) + 1
      await delay(10)
    }
  }

  async #expect(status: number, url: string, question: Parameters<typeof ask>[1]): Promise<void> {
    const outcome = await ask(url, question).then(
      (answer) => (answer.status === status ? undefined : `${answer.status} ${answer.text}`),
      (error: unknown) => String(error),
    )
    if (outcome !== undefined) this.#failures.push(`${question?.method ?? 'GET'}: ${outcome}`)
  }
}
