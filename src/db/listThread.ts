import { parentPort, workerData } from 'node:worker_threads'
import knex from 'knex'
import { Fault } from '../lib/fault.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { reasonOf } from './failureReason.ts'
import type { ListAnswer, ListRequest, ListThreadData } from './listMessages.ts'
import { SnapshotLists } from './lists.ts'
import { SqliteReader } from './sqliteReader.ts'
import type { Answer } from './writerMessages.ts'

/* The thread that runs the long lists, one after the other, on a connection of its own. */

const port = parentPort
if (port === null) throw new Error('listThread.ts runs as a thread of its own.')

const { path } = workerData as ListThreadData
const reader = new SqliteReader({
  path,
  monotonicMs: () => performance.now(),
  // The reader beside the requests loses its connection for the same reasons, and tells them.
  onEvent: () => undefined,
})
const lists = new SnapshotLists({
  reads: reader,
  dialect: dialectSqlite,
  builder: knex({ client: dialectSqlite.knexClient, useNullAsDefault: true }),
})

port.on('message', (request: ListRequest) => {
  void answerTo(request).then((answer) => {
    port.postMessage({ number: request.number, answer } satisfies ListAnswer)
  })
})

async function answerTo(request: ListRequest): Promise<Answer> {
  try {
    return { kind: 'done', result: await listed(request) }
  } catch (error) {
    const reason = reasonOf(error)
    if (error instanceof Fault) return { kind: 'unavailable', reason, isOutcomeUnknown: false }
    return { kind: 'bug', reason, stack: error instanceof Error ? error.stack : undefined }
  }
}

function listed(request: ListRequest): Promise<unknown> {
  switch (request.of) {
    case 'secrets':
      return lists.secrets(request.query)
    case 'containers':
      return lists.containers(request.query)
    case 'orders':
      return lists.orders(request.query)
  }
}
