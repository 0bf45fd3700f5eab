import type { Clock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import { parseDatabaseUrl } from './databaseLocation.ts'
import { reasonBehind } from './failureReason.ts'
import { openSqlite } from './openSqlite.ts'
import { type Repositories, repositoriesOver } from './repositories.ts'
import { isEmptyOrRefuse, schemaStatus, upgradeSchema } from './schema.ts'
import { openServer, SERVER_DEFAULTS, type ServerOptions } from './server/openServer.ts'
import type { SqliteWriterParts } from './sqliteWriter.ts'

export interface Database extends Repositories {
  /** For the metrics: what it takes on the disk, or how many connections to a server there are. */
  readonly gauges: readonly DatabaseGauge[]
  /** Answers what was accepted, empties SQLite's log, closes. */
  close(): Promise<void>
}

export interface DatabaseGauge {
  readonly name: string
  readonly explanation: string
  read(): number
}

export interface DatabaseOptions {
  /** SQLAlchemy's form: `sqlite:////absolute/path`, `mysql+pymysql://...`, `postgresql://...`. */
  readonly url: string
  readonly clock: Clock
  readonly onEvent?: OnDatabaseEvent
  /** For a database on a server. */
  readonly server?: Partial<ServerOptions>
  /** SQLite's writer, for tests and the bench alone. */
  readonly writer?: Partial<Pick<SqliteWriterParts, 'startThread'>> &
    Omit<SqliteWriterParts['thread'], 'path'>
}

/**
 * Opens the database and waits until it can be written. An empty one is given its schema; one that
 * holds data is only upgraded when the operator says so.
 *
 * @throws StartupRefusal
 */
export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const location = parseDatabaseUrl(options.url)
  if (isEmptyOrRefuse(await schemaStatus(options.url))) await upgradeSchema(options.url)
  const around = { clock: options.clock, onEvent: options.onEvent ?? (() => undefined) }
  if (location.kind === 'sqlite') {
    const sqlite = await openSqlite(location, options.writer ?? {}, around)
    return { ...repositoriesOver(sqlite.parts), gauges: sqlite.gauges, close: sqlite.close }
  }
  const { parts, pool } = await openServer(
    location,
    { ...SERVER_DEFAULTS, ...options.server },
    around,
  )
  const repositories = repositoriesOver(parts)
  try {
    await repositories.health.check(AbortSignal.timeout(WRITABLE_WITHIN_MS))
  } catch (error) {
    await pool.close()
    throw new StartupRefusal(`The database cannot be written: ${reasonBehind(error)}`, {
      cause: error,
    })
  }
  return { ...repositories, gauges: pool.gauges, close: () => pool.close() }
}

const WRITABLE_WITHIN_MS = 10_000
