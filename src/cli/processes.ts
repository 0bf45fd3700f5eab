import cluster, { type Worker } from 'node:cluster'
import { z } from 'zod'
import type { Environment } from '../config/environment.ts'

/** A worker, as its parent sees it. */
export interface WorkerProcess {
  readonly pid: number | undefined
  tell(word: ToWorker): void
  onWord(handler: (word: FromWorker) => void): void
  onExit(handler: (code: number | null, signal: string | null) => void): void
  kill(): void
}

/** The parent, as one of its workers sees it. */
export interface ParentProcess {
  readonly pid: number
  /** Which of its workers this is, from 1. A worker that died is followed by one of the same number. */
  readonly number: number
  tell(word: FromWorker): void
  onWord(handler: (word: ToWorker) => void): void
  onGone(handler: () => void): void
  /** Nothing keeps this process alive any more. */
  leave(): void
}

const toWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('stop') }),
  z.object({ type: z.literal('reload') }),
  z.object({ type: z.literal('report'), id: z.int() }),
  /** The key that shares were put together to, for as long as this process has keys. */
  z.object({
    type: z.literal('unseal'),
    id: z.int(),
    store: z.string(),
    key: z.base64().length(44),
  }),
  /** Those that there are were sent. */
  z.object({ type: z.literal('keysSent') }),
  z.object({ type: z.literal('seal') }),
])
export type ToWorker = z.infer<typeof toWorker>

const report = z.object({
  /** As prom-client has them; it alone reads them again. */
  metrics: z.array(z.record(z.string(), z.unknown())),
  isReady: z.boolean(),
  checks: z.record(z.string(), z.string()),
})
export type WorkerReport = z.infer<typeof report>

const fromWorker = z.discriminatedUnion('type', [
  z.object({ type: z.literal('listening'), addresses: z.array(z.string()) }),
  z.object({ type: z.literal('report'), id: z.int(), report }),
  /** It starts sealed: is there a key? */
  z.object({ type: z.literal('sealed') }),
  /** What came of an `unseal`; without a reason it is open. */
  z.object({ type: z.literal('unsealed'), id: z.int(), reason: z.string().optional() }),
])
export type FromWorker = z.infer<typeof fromWorker>

const NUMBER = 'GATEHOUSE_WORKER'

/** The same command once more, with the same flags of Node, which accepts what this process listens on. */
export function startWorker(number: number): WorkerProcess {
  const worker = cluster.fork({ [NUMBER]: String(number) })
  // One that just died is heard of by its exit.
  worker.on('error', () => undefined)
  return {
    pid: worker.process.pid,
    tell: (word) => void sending(worker, word),
    onWord: (handler) => void worker.on('message', (word) => handler(fromWorker.parse(word))),
    onExit: (handler) => void worker.on('exit', handler),
    kill: () => void worker.process.kill('SIGKILL'),
  }
}

/** undefined: this process is nobody's worker. */
export function parentOfThisProcess(env: Environment, pid: number): ParentProcess | undefined {
  const { worker } = cluster
  if (worker === undefined) return undefined
  // Node would end the process at once when the parent is gone, and cut off whoever waits for an answer.
  worker.exitedAfterDisconnect = true
  return {
    pid,
    number: Number(env[NUMBER]),
    tell: (word) => void sending(worker, word),
    onWord: (handler) => void worker.on('message', (word) => handler(toWorker.parse(word))),
    onGone: (handler) => void worker.on('disconnect', handler),
    leave: () => {
      if (worker.isConnected()) worker.disconnect()
    },
  }
}

function sending(worker: Worker, word: ToWorker | FromWorker): void {
  // Nobody to be told: who is gone is heard of otherwise.
  if (worker.isConnected()) worker.send(word, () => undefined)
}
