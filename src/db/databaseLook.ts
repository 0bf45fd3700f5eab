import { statSync } from 'node:fs'
import type { Clock } from '../lib/clock.ts'
import { parseDatabaseUrl } from './databaseLocation.ts'
import { number } from './rows/column.ts'
import { withServerConnection } from './server/openServer.ts'
import type { DurabilityWeakness } from './server/serverConnection.ts'

export interface DatabaseLook {
  /** What makes an acknowledgement less than durable. */
  readonly doubts: readonly DurabilityWeakness[]
  /** How far our clock is ahead of the database's; undefined where both are the same machine's. */
  readonly skewMs: number | undefined
  /** Of SQLite's write-ahead log. */
  readonly logBytes: number | undefined
}

/** Changes nothing. @throws StartupRefusal when it cannot be reached */
export async function lookAtDatabase(url: string, clock: Clock): Promise<DatabaseLook> {
  const location = parseDatabaseUrl(url)
  if (location.kind === 'sqlite') {
    // Its writer sets and reads back what makes it durable, at every start.
    const log = statSync(`${location.path}-wal`, { throwIfNoEntry: false })
    return { doubts: [], skewMs: undefined, logBytes: log?.size ?? 0 }
  }
  return withServerConnection(location, async (connection, { dialect }) => {
    const askedMs = clock.epochMs()
    const [row] = (await connection.execute({ sql: dialect.clock, params: [] })).rows
    // In the middle of the way there and back.
    const hereMs = (askedMs + clock.epochMs()) / 2
    const skewMs = row === undefined ? undefined : hereMs - number(row, 'epoch_ms')
    return { doubts: connection.weaknesses, skewMs, logBytes: undefined }
  })
}
