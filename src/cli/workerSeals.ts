import { createSecretKey, type KeyObject } from 'node:crypto'
import { Fault } from '../lib/fault.ts'
import type { Log } from '../lib/log.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { RunningGatehouse } from './gatehouse.ts'
import type { ParentProcess, ToWorker, WorkerProcess } from './processes.ts'

const ANSWER_WITHIN_MS = 15_000
const KEYS_WITHIN_MS = 5_000

type Seals = NonNullable<RunningGatehouse['seals']>
type Unseal = Extract<ToWorker, { readonly type: 'unseal' }>

interface Question {
  readonly worker: WorkerProcess
  readonly answer: (reason: string | undefined) => void
}

/** The parent's side: it has the keys, and gives them to workers that start later as well. */
export class KeysForWorkers {
  readonly #keys = new Map<string, KeyObject>()
  /** Those that live, and began sealed. */
  readonly #workers = new Set<WorkerProcess>()
  readonly #questions = new Map<number, Question>()
  #lastQuestion = 0

  isSealed(store: string): boolean {
    return !this.#keys.has(store)
  }

  /** @throws StartupRefusal when a worker stays sealed: all have the same file and the same database */
  async unseal(store: string, key: KeyObject): Promise<void> {
    const asked = new Set(this.#workers)
    const answers = await Promise.all([...asked].map((one) => this.#give(one, store, key)))
    const reason = answers.find((answer) => answer !== undefined)
    if (reason !== undefined) {
      this.seal()
      throw new StartupRefusal(reason)
    }
    this.#keys.set(store, key)
    for (const late of this.#workers) if (!asked.has(late)) void this.#give(late, store, key)
  }

  seal(): void {
    this.#keys.clear()
    for (const worker of this.#workers) worker.tell({ type: 'seal' })
  }

  /** A worker begins sealed. */
  asked(worker: WorkerProcess): void {
    this.#workers.add(worker)
    for (const [store, key] of this.#keys) void this.#give(worker, store, key)
    worker.tell({ type: 'keysSent' })
  }

  answered(id: number, reason: string | undefined): void {
    this.#questions.get(id)?.answer(reason)
  }

  /** It died: the one that follows asks for itself. */
  gone(worker: WorkerProcess): void {
    this.#workers.delete(worker)
    for (const question of this.#questions.values()) {
      if (question.worker === worker) question.answer(undefined)
    }
  }

  async #give(worker: WorkerProcess, store: string, key: KeyObject): Promise<string | undefined> {
    this.#lastQuestion += 1
    const id = this.#lastQuestion
    const { promise, resolve: answer } = Promise.withResolvers<string | undefined>()
    this.#questions.set(id, { worker, answer })
    const timer = setTimeout(() => answer('A worker did not answer.'), ANSWER_WITHIN_MS)
    const bytes = key.export()
    // Between two processes of ours, over a socket that nobody else has.
    worker.tell({ type: 'unseal', id, store, key: bytes.toString('base64') })
    bytes.fill(0)
    const reason = await promise
    clearTimeout(timer)
    this.#questions.delete(id)
    return reason
  }
}

/** The worker's side: it opens with what its parent has before it takes a connection. */
export async function fetchKeys(parent: ParentProcess, seals: Seals, log: Log): Promise<void> {
  const { promise: sent, resolve } = Promise.withResolvers<void>()
  const opening: Promise<void>[] = []
  parent.onWord((word) => {
    if (word.type === 'unseal') opening.push(openWith(word, parent, seals, log))
    else if (word.type === 'seal') seals.seal()
    else if (word.type === 'keysSent') resolve()
  })
  if (seals.sealedNames.length === 0) return
  const timer = setTimeout(resolve, KEYS_WITHIN_MS)
  parent.tell({ type: 'sealed' })
  await sent
  clearTimeout(timer)
  await Promise.all(opening)
}

async function openWith(
  { id, store, key }: Unseal,
  parent: ParentProcess,
  seals: Seals,
  log: Log,
): Promise<void> {
  const bytes = Buffer.from(key, 'base64')
  try {
    await seals.unseal(store, createSecretKey(bytes))
    parent.tell({ type: 'unsealed', id })
  } catch (error) {
    const isKnown = error instanceof StartupRefusal || error instanceof Fault
    const reason = isKnown ? error.message : 'The log has the cause.'
    log.error({ error: error instanceof Error ? error : undefined }, 'this worker stays sealed')
    parent.tell({ type: 'unsealed', id, reason })
  } finally {
    bytes.fill(0)
  }
}
