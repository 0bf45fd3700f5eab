import { parentPort, workerData } from 'node:worker_threads'
import { Checkpointing } from './checkpointing.ts'
import { SHREDDING } from './commands/commandTable.ts'
import { type CheckpointResult, SqliteConnection } from './dialectSqliteConnection.ts'
import { reasonOf } from './failureReason.ts'
import { GroupCommit } from './groupCommit.ts'
import { ensureSchemaServes } from './knownSchema.ts'
import type {
  FromWriterThread,
  NumberedCommand,
  ToWriterThread,
  WriterThreadData,
} from './writerMessages.ts'

/*
 * The thread that writes. It holds the one writing connection of this process and takes whatever
 * commands have come while it was busy as its next transaction.
 */

/** Bounds the time until the first of a batch is answered. */
const COMMANDS_PER_TRANSACTION = 256
/** Another process (the CLI, a backup) may hold the writer's lock that long. */
const BUSY_TIMEOUT_MS = 2_000

const port = parentPort
if (port === null) throw new Error('writerThread.ts runs as a thread of its own.')
const post = (message: FromWriterThread) => port.postMessage(message)

const {
  path,
  weakening,
  commandsPerTransaction = COMMANDS_PER_TRANSACTION,
  truncateAfterMs,
} = workerData as WriterThreadData
const waiting: NumberedCommand[] = []
let isScheduled = false
let isClosing = false

const groupCommit = new GroupCommit({
  open: () => {
    const connection = new SqliteConnection({
      path,
      access: 'write',
      busyTimeoutMs: BUSY_TIMEOUT_MS,
      ...(weakening === undefined ? {} : { weakening }),
    })
    try {
      ensureSchemaServes(connection)
      return connection
    } catch (error) {
      connection.close()
      throw error
    }
  },
  onEvent: (event) => post({ type: 'event', event }),
})

const checkpointing = new Checkpointing({
  checkpoint,
  truncateAfterMs,
  later: (work, delayMs) => {
    setTimeout(work, delayMs).unref()
  },
})

function checkpoint(mode: 'passive' | 'truncate'): CheckpointResult | undefined {
  const startedAt = performance.now()
  try {
    const result = groupCommit.connection().checkpoint(mode)
    const durationMs = performance.now() - startedAt
    post({ type: 'event', event: { type: 'checkpoint', mode, ...result, durationMs } })
    return result
  } catch (error) {
    groupCommit.discard(reasonOf(error))
    return undefined
  }
}

function runBatch(): void {
  isScheduled = false
  const batch = waiting.splice(0, commandsPerTransaction)
  if (batch.length > 0) {
    const startedAt = performance.now()
    const answers = groupCommit.run(batch.map(({ command }) => command))
    post({
      type: 'answers',
      answers: answers.map((answer, index) => ({ number: batch[index]?.number ?? -1, answer })),
      durationMs: performance.now() - startedAt,
    })
    checkpointing.afterBatch(
      batch.length,
      batch.some(({ command }) => SHREDDING.has(command.name)),
    )
  }
  schedule()
}

/** Through the event loop, so that everything which has arrived by then comes along. */
function schedule(): void {
  if (isScheduled) return
  if (waiting.length > 0) {
    isScheduled = true
    setImmediate(runBatch)
  } else if (isClosing) {
    checkpoint('truncate')
    groupCommit.close()
    post({ type: 'closed' })
    port?.close()
  }
}

port.on('message', (message: ToWriterThread) => {
  if (message.type === 'run') waiting.push(...message.commands)
  else isClosing = true
  schedule()
})

// What a crash left in the log may be a key that was deleted: empty it before anything else.
try {
  const { isBusy } = groupCommit.connection().checkpoint('truncate')
  if (isBusy) checkpointing.emptyLogSoon()
  post({ type: 'started', failure: undefined })
} catch (error) {
  groupCommit.discard(reasonOf(error))
  post({ type: 'started', failure: reasonOf(error) })
}
