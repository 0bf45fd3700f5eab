import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { ContainerQuery } from '../domain/ports/containerRepositories.ts'
import type { OrderQuery } from '../domain/ports/orderRepositories.ts'
import type { SecretQuery } from '../domain/ports/secretRepositories.ts'
import { unavailable } from '../lib/fault.ts'
import type { ListedContainer } from '../model/container.ts'
import type { Order } from '../model/order.ts'
import type { Page } from '../model/page.ts'
import type { SecretSummary } from '../model/secret.ts'
import type { ListAnswer, ListRequest, ListThreadData } from './listMessages.ts'
import type { Lists } from './lists.ts'
import type { Answer } from './writerMessages.ts'

export interface ThreadedListsParts {
  readonly path: string
  /** For tests: how the thread is started. */
  readonly startThread?: (data: ListThreadData) => Worker
}

/** They run one after the other, and each may take seconds: who comes later had better come again. */
const MOST_WAITING = 64
const ANSWER_WITHIN_MS = 30_000
const RETRY_AFTER_SECONDS = 5

type Unnumbered<T> = T extends unknown ? Omit<T, 'number'> : never

interface Waiting {
  readonly settle: (answer: Answer) => void
  readonly late: NodeJS.Timeout
}

/** Runs lists in a thread of their own. It starts with the first of them: most clouds never need it. */
export class ThreadedLists implements Lists {
  readonly #parts: ThreadedListsParts
  readonly #waiting = new Map<number, Waiting>()
  #lastNumber = 0
  #thread: Worker | undefined
  #isClosed = false

  constructor(parts: ThreadedListsParts) {
    this.#parts = parts
  }

  async secrets(query: SecretQuery): Promise<Page<SecretSummary>> {
    return (await this.#ask({ of: 'secrets', query })) as Page<SecretSummary>
  }

  async containers(query: ContainerQuery): Promise<Page<ListedContainer>> {
    return (await this.#ask({ of: 'containers', query })) as Page<ListedContainer>
  }

  async orders(query: OrderQuery): Promise<Page<Order>> {
    return (await this.#ask({ of: 'orders', query })) as Page<Order>
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#thread?.terminate()
  }

  #ask(request: Unnumbered<ListRequest>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw unavailable('The database is closed.')
      if (this.#waiting.size >= MOST_WAITING) {
        throw unavailable('Too many long lists are waiting.', undefined, RETRY_AFTER_SECONDS)
      }
      const number = ++this.#lastNumber
      const late = setTimeout(() => {
        this.#settle(number, away('it took too long'))
      }, ANSWER_WITHIN_MS)
      this.#waiting.set(number, { settle: (answer) => settle(answer, resolve, reject), late })
      this.#thread ??= this.#start()
      this.#thread.postMessage({ ...request, number } satisfies ListRequest)
    })
  }

  #start(): Worker {
    const thread = (this.#parts.startThread ?? startThread)({ path: this.#parts.path })
    let reason = 'its thread ended'
    thread.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    thread.on('exit', () => {
      this.#thread = undefined
      for (const number of [...this.#waiting.keys()]) this.#settle(number, away(reason))
    })
    thread.on('message', ({ number, answer }: ListAnswer) => this.#settle(number, answer))
    return thread
  }

  #settle(number: number, answer: Answer): void {
    const waiting = this.#waiting.get(number)
    if (waiting === undefined) return
    this.#waiting.delete(number)
    clearTimeout(waiting.late)
    waiting.settle(answer)
  }
}

function away(reason: string): Answer {
  return { kind: 'unavailable', reason, isOutcomeUnknown: false }
}

function settle(
  answer: Answer,
  resolve: (result: unknown) => void,
  reject: (error: Error) => void,
): void {
  if (answer.kind === 'done') {
    resolve(answer.result)
  } else if (answer.kind === 'unavailable') {
    const what = `The list could not be read: ${answer.reason}.`
    reject(unavailable(what, undefined, RETRY_AFTER_SECONDS))
  } else {
    const cause = new Error(answer.reason)
    if (answer.stack !== undefined) cause.stack = answer.stack
    reject(new Error('A list failed in its thread.', { cause }))
  }
}

/** From source this is TypeScript, from dist JavaScript. */
function startThread(data: ListThreadData): Worker {
  const file = `./listThread${extname(import.meta.filename)}`
  return new Worker(new URL(file, import.meta.url), { workerData: data, name: 'long lists' })
}
