import type { Clock } from '../lib/clock.ts'
import { parseDatabaseUrl } from './databaseLocation.ts'
import type { Dialect } from './dialect.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import type { Reads } from './reads.ts'
import { SERVER_DEFAULTS, serverDriverOf } from './server/openServer.ts'
import { ServerPool } from './server/serverPool.ts'
import { ServerReads } from './server/serverReads.ts'
import { SqliteReader } from './sqliteReader.ts'

export interface OpenedReads {
  readonly reads: Reads
  readonly dialect: Dialect
  close(): Promise<void>
}

/** For a look at a database that a server may be at work on: makes no file, disturbs nobody. */
export function openReads(url: string, clock: Clock): OpenedReads {
  const location = parseDatabaseUrl(url)
  const around = { monotonicMs: () => clock.monotonicMs(), onEvent: () => undefined }
  if (location.kind === 'sqlite') {
    const reads = new SqliteReader({ path: location.path, ...around })
    return { reads, dialect: dialectSqlite, close: async () => reads.close() }
  }
  const driver = serverDriverOf(location, SERVER_DEFAULTS)
  const limits = { keep: 1, most: 1, waitMs: 60_000, recycleMs: 3_600_000 }
  const pool = new ServerPool({ driver, limits, ...around })
  const reads = new ServerReads({
    pool,
    failureKind: driver.dialect.failureKind,
    findsTogether: 1,
    monotonicMs: around.monotonicMs,
  })
  return { reads, dialect: driver.dialect, close: () => pool.close() }
}
