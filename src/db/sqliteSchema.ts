import { closeSync, existsSync, openSync } from 'node:fs'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { SqliteLocation } from './databaseLocation.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { SqliteConnection } from './dialectSqliteConnection.ts'
import { driveStatements } from './driveStatements.ts'
import { reasonOf } from './failureReason.ts'
import { readSchemaStatus, type SchemaStatus, statusOf } from './knownSchema.ts'
import { runMigrations } from './runMigrations.ts'

/** The command line and another server may look at the same time. */
const BUSY_TIMEOUT_MS = 5_000

/** Looks without touching: a database that is not there yet is not made. */
export function sqliteSchemaStatus({ path }: SqliteLocation): SchemaStatus {
  if (!existsSync(path)) return statusOf([])
  return orRefuse(path, () => {
    const connection = new SqliteConnection({
      path,
      access: 'read',
      busyTimeoutMs: BUSY_TIMEOUT_MS,
    })
    try {
      return driveStatements(readSchemaStatus(dialectSqlite), (s) => connection.execute(s))
    } finally {
      connection.close()
    }
  })
}

/** Makes the file when there is none. Two at once: one waits for the other's transaction, or is refused. */
export async function migrateSqlite(
  location: SqliteLocation,
  until?: string,
): Promise<readonly string[]> {
  createFile(location)
  const { knexClient: client } = dialectSqlite
  return runMigrations({
    client,
    connection: { filename: location.path },
    isExclusive: false,
    until,
  })
}

/** Only its owner may read it; SQLite gives its log the same mode. */
function createFile({ path }: SqliteLocation): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return
    throw new StartupRefusal(`The database ${path} cannot be created: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

export function orRefuse<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new StartupRefusal(`The database ${path} cannot be opened: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}
