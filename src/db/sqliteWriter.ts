import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { unavailable } from '../lib/fault.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Command, CommandArgs, CommandName, CommandResult } from './commands/commandTable.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import type {
  Answer,
  FromWriterThread,
  NumberedCommand,
  ToWriterThread,
  WriterThreadData,
} from './writerMessages.ts'

export interface SqliteWriterParts {
  readonly thread: WriterThreadData
  readonly monotonicMs: () => number
  readonly onEvent: OnDatabaseEvent
  /** For tests: how the thread is started. */
  readonly startThread?: (data: WriterThreadData) => Worker
}

/** More than that waiting means the disk does not keep up: better told than queued. */
const MOST_WAITING = 4_096
/** A disk that hangs keeps the thread, but not its callers. */
const ANSWER_WITHIN_MS = 20_000
const LOOK_FOR_LATE_EVERY_MS = 1_000
const CLOSE_WITHIN_MS = 10_000
const FIRST_RESTART_DELAY_MS = 100
const LONGEST_RESTART_DELAY_MS = 5_000

interface Waiting {
  readonly sinceMs: number
  readonly settle: (answer: Answer) => void
}

/** The half of the writer that lives with its callers: hands commands to the thread, and answers to them. */
export class SqliteWriter implements CommandRunner {
  readonly #parts: SqliteWriterParts
  readonly #waiting = new Map<number, Waiting>()
  #outbox: NumberedCommand[] = []
  #lastNumber = 0
  #thread: Worker | undefined
  #restartDelayMs = FIRST_RESTART_DELAY_MS
  #restart: NodeJS.Timeout | undefined
  #lateCheck: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(parts: SqliteWriterParts) {
    this.#parts = parts
  }

  /** Starts the thread. Answers why it could not open the database, or undefined. */
  async start(): Promise<string | undefined> {
    this.#lateCheck = setInterval(() => this.#answerLate(), LOOK_FOR_LATE_EVERY_MS).unref()
    return new Promise((resolve) => {
      this.#startThread(resolve)
    })
  }

  run<Name extends CommandName>(
    name: Name,
    ...args: CommandArgs<Name>
  ): Promise<CommandResult<Name>> {
    return new Promise((resolve, reject) => {
      if (this.#isClosing) throw unavailable('The database is closed.')
      if (this.#thread === undefined) throw unavailable('The database writer is restarting.')
      if (this.#waiting.size >= MOST_WAITING) throw unavailable('Too many changes are waiting.')
      const number = ++this.#lastNumber
      this.#waiting.set(number, {
        sinceMs: this.#parts.monotonicMs(),
        // The thread ran the command of this name, and its result is that command's.
        settle: (answer) => settle(answer, resolve as (result: unknown) => void, reject),
      })
      // One message for all that comes in this turn of the event loop.
      if (this.#outbox.length === 0) setImmediate(() => this.#flush())
      this.#outbox.push({ number, command: { name, args } as Command })
    })
  }

  /** What was accepted is still answered. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    clearTimeout(this.#restart)
    const thread = this.#thread
    if (thread !== undefined) {
      this.#flush()
      const closed = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      thread.postMessage({ type: 'close' } satisfies ToWriterThread)
      const late = setTimeout(() => {
        void thread.terminate()
      }, CLOSE_WITHIN_MS)
      await closed
      clearTimeout(late)
    }
    clearInterval(this.#lateCheck)
  }

  #flush(): void {
    const commands = this.#outbox
    this.#outbox = []
    if (commands.length === 0 || this.#thread === undefined) return
    this.#thread.postMessage({ type: 'run', commands } satisfies ToWriterThread)
  }

  #startThread(onStarted: (failure: string | undefined) => void): void {
    const thread = (this.#parts.startThread ?? startThread)(this.#parts.thread)
    this.#thread = thread
    let reason = 'it ended'
    thread.on('error', (error) => {
      reason = error instanceof Error ? error.message : String(error)
    })
    thread.on('exit', () => {
      onStarted(reason)
      this.#onDeath(reason)
    })
    thread.on('message', (message: FromWriterThread) => {
      if (message.type === 'started') onStarted(message.failure)
      else this.#onMessage(message)
    })
  }

  #onMessage(message: FromWriterThread): void {
    if (message.type === 'event') {
      const { event } = message
      this.#parts.onEvent(event.type === 'checkpoint' ? event : { ...event, by: 'writer' })
      return
    }
    if (message.type !== 'answers') return
    this.#restartDelayMs = FIRST_RESTART_DELAY_MS
    for (const { number, answer } of message.answers) this.#settle(number, answer)
    const { durationMs } = message
    this.#parts.onEvent({ type: 'groupCommit', commands: message.answers.length, durationMs })
  }

  #settle(number: number, answer: Answer): void {
    const waiting = this.#waiting.get(number)
    // Answered as late already.
    if (waiting === undefined) return
    this.#waiting.delete(number)
    waiting.settle(answer)
  }

  /** Nobody can say what of the waiting commands was committed. */
  #onDeath(reason: string): void {
    this.#thread = undefined
    this.#outbox = []
    for (const number of [...this.#waiting.keys()]) {
      this.#settle(number, { kind: 'unavailable', reason, isOutcomeUnknown: true })
    }
    if (this.#isClosing) return
    const restartInMs = this.#restartDelayMs
    this.#restartDelayMs = Math.min(restartInMs * 2, LONGEST_RESTART_DELAY_MS)
    this.#parts.onEvent({ type: 'writerDied', reason, restartInMs })
    this.#restart = setTimeout(() => this.#startThread(() => undefined), restartInMs)
  }

  #answerLate(): void {
    const before = this.#parts.monotonicMs() - ANSWER_WITHIN_MS
    // In the order they came: the first that is in time ends the look.
    for (const [number, { sinceMs }] of this.#waiting) {
      if (sinceMs > before) return
      const reason = 'the disk did not answer in time'
      this.#settle(number, { kind: 'unavailable', reason, isOutcomeUnknown: true })
    }
  }
}

function settle(
  answer: Answer,
  resolve: (result: unknown) => void,
  reject: (error: Error) => void,
): void {
  if (answer.kind === 'done') {
    resolve(answer.result)
  } else if (answer.kind === 'unavailable') {
    const outcome = answer.isOutcomeUnknown ? 'may or may not be written' : 'is not written'
    reject(unavailable(`The change ${outcome}: ${answer.reason}.`))
  } else {
    const cause = new Error(answer.reason)
    if (answer.stack !== undefined) cause.stack = answer.stack
    reject(new Error('A command failed in the database writer.', { cause }))
  }
}

/** From source this is TypeScript, from dist JavaScript. */
function startThread(data: WriterThreadData): Worker {
  const file = `./writerThread${extname(import.meta.filename)}`
  return new Worker(new URL(file, import.meta.url), { workerData: data, name: 'database writer' })
}
