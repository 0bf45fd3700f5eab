import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { parseDatabaseUrl } from '../../src/db/databaseLocation.ts'
import { SERVER_DEFAULTS, serverDriverOf } from '../../src/db/server/openServer.ts'
import type { SqlValue } from '../../src/db/statement.ts'

/* The half of a blocking connection that may wait. */

const { url, signal, answers } = workerData as {
  readonly url: string
  readonly signal: Int32Array
  readonly answers: MessagePort
}
const location = parseDatabaseUrl(url)
if (location.kind === 'sqlite') throw new Error('SQLite needs no thread to be waited for.')
const connecting = serverDriverOf(location, SERVER_DEFAULTS).connect(() => undefined)

parentPort?.on(
  'message',
  async ({ sql, params }: { readonly sql: string; readonly params: readonly SqlValue[] }) => {
    try {
      const connection = await connecting
      const { rows } = await connection.execute({ sql, params })
      answers.postMessage({ rows: rows.map((row) => ({ ...row })) })
    } catch (error) {
      answers.postMessage({ error })
    }
    Atomics.store(signal, 0, 1)
    Atomics.notify(signal, 0)
  },
)
