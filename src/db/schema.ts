import { closeSync, existsSync, openSync } from 'node:fs'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { type DatabaseLocation, parseDatabaseUrl } from './databaseLocation.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { SqliteConnection } from './dialectSqliteConnection.ts'
import { driveStatements } from './driveStatements.ts'
import { reasonOf } from './groupCommit.ts'
import { MIGRATIONS_TABLE, readSchemaStatus, type SchemaStatus, statusOf } from './knownSchema.ts'
import { MIGRATIONS, type NamedMigration } from './migrationList.ts'

/** The command line and another server may look at the same time. */
const BUSY_TIMEOUT_MS = 5_000
const ATTEMPTS = 5
const ATTEMPT_EVERY_MS = 200

/** Looks without touching: a database that is not there yet is not made. */
export function schemaStatus(url: string): SchemaStatus {
  const { path } = parseDatabaseUrl(url)
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

/**
 * Brings the database to the schema of this release, and makes it when there is none; all pending
 * migrations in one transaction. Answers the names of those it ran.
 */
export async function upgradeSchema(url: string): Promise<readonly string[]> {
  const location = parseDatabaseUrl(url)
  refuseNewer(schemaStatus(url))
  createFile(location)
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await migrate(location)
    } catch (error) {
      // Another may be upgrading at this moment: then it is done soon, and nothing is left for us.
      if (schemaStatus(url).pending.length === 0) return []
      if (attempt === ATTEMPTS) {
        const message = `The database ${location.path} could not be upgraded: ${reasonOf(error)}`
        throw new StartupRefusal(message, { cause: error })
      }
    }
    await new Promise((resolve) => setTimeout(resolve, ATTEMPT_EVERY_MS))
  }
}

async function migrate({ path }: DatabaseLocation): Promise<readonly string[]> {
  // 150 ms to load; a start that has nothing to upgrade does not wait for it.
  const { default: knex } = await import('knex')
  const db = knex({
    client: dialectSqlite.knexClient,
    connection: { filename: path },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
    log: silent,
    migrations: { tableName: MIGRATIONS_TABLE, migrationSource: migrationSource() },
  })
  try {
    const [, names] = (await db.migrate.latest()) as [number, readonly string[]]
    return names
  } finally {
    await db.destroy()
  }
}

/** True for a database without a schema: nothing in it can be lost by an upgrade that nobody asked for. */
export function isEmptyOrRefuse(status: SchemaStatus): boolean {
  refuseNewer(status)
  if (status.current === undefined) return true
  if (status.pending.length === 0) return false
  throw new StartupRefusal(
    `The database has the schema ${status.current}, this release needs ${status.latest}: ` +
      'make a backup, then run `gatehouse db upgrade`.',
  )
}

function refuseNewer(status: SchemaStatus): void {
  if (!status.newer) return
  throw new StartupRefusal(
    `The database has the schema of a newer release (${status.current}); this one knows ` +
      `${status.latest}: start the newer release, or restore the backup from before its upgrade.`,
  )
}

/** Only its owner may read it; SQLite gives its log the same mode. */
function createFile({ path }: DatabaseLocation): void {
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

function migrationSource() {
  return {
    getMigrations: async () => [...MIGRATIONS],
    getMigrationName: (migration: NamedMigration) => migration.name,
    getMigration: async (migration: NamedMigration) => migration,
  }
}

/** knex would write to the console; what fails is thrown and told there. */
const silent = { warn() {}, error() {}, deprecate() {}, debug() {} }
