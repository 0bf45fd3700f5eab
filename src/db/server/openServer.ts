import type { Clock } from '../../lib/clock.ts'
import { randomFraction } from '../../lib/randomFraction.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { OnDatabaseEvent } from '../databaseEvent.ts'
import { reasonBehind } from '../failureReason.ts'
import { SnapshotLists } from '../lists.ts'
import type { RepositoryParts } from '../secretRepository.ts'
import { MysqlDriver } from './mysqlDriver.ts'
import { PostgresDriver } from './postgresDriver.ts'
import { ServerCommands } from './serverCommands.ts'
import type { ServerConnection, ServerDriver, SessionLimits } from './serverConnection.ts'
import type { ServerLocation } from './serverLocation.ts'
import { ServerPool } from './serverPool.ts'
import { ServerReads } from './serverReads.ts'

/** oslo.db's names, as far as they mean something here. */
export interface ServerOptions {
  /** Connections that stay open. */
  readonly maxPoolSize: number
  /** Further ones in a busy moment. */
  readonly maxOverflow: number
  readonly poolTimeoutSeconds: number
  readonly connectionRecycleSeconds: number
  readonly wsrepSyncWait: number
  /** No option of oslo.db's, and no setting: statements of gathered finds under way at the same time. */
  readonly findsTogether: number
}

export const SERVER_DEFAULTS: ServerOptions = {
  maxPoolSize: 10,
  maxOverflow: 10,
  poolTimeoutSeconds: 10,
  connectionRecycleSeconds: 3_600,
  wsrepSyncWait: 7,
  // Enough to keep a server busy; the other connections are for changes and lists (docs/performance.md).
  findsTogether: 4,
}

export interface OpenedServer {
  readonly parts: RepositoryParts
  readonly pool: ServerPool
}

/** Longer than anything of ours takes, so that what a vanished node left behind ends on the server. */
const LIMITS: SessionLimits = { statementSeconds: 30, lockWaitSeconds: 5 }

export function serverDriverOf(
  location: ServerLocation,
  options: ServerOptions,
  limits: SessionLimits = LIMITS,
): ServerDriver {
  return location.kind === 'mysql'
    ? new MysqlDriver(location, { ...limits, wsrepSyncWait: options.wsrepSyncWait })
    : new PostgresDriver(location, limits)
}

/** Opens a first connection at once, so that a start fails where a request would. */
export async function openServer(
  location: ServerLocation,
  options: ServerOptions,
  { clock, onEvent }: { readonly clock: Clock; readonly onEvent: OnDatabaseEvent },
): Promise<OpenedServer> {
  const driver = serverDriverOf(location, options)
  const monotonicMs = () => clock.monotonicMs()
  const pool = new ServerPool({
    driver,
    limits: {
      keep: options.maxPoolSize,
      most: options.maxPoolSize + options.maxOverflow,
      waitMs: options.poolTimeoutSeconds * 1000,
      recycleMs: options.connectionRecycleSeconds * 1000,
    },
    monotonicMs,
    onEvent,
  })
  try {
    await pool.use(LIMITS.statementSeconds * 1000, async ({ weaknesses }) => {
      for (const weakness of weaknesses) onEvent({ type: 'weakDurability', ...weakness })
    })
  } catch (error) {
    await pool.close()
    throw serverRefusal(driver, error)
  }
  const { dialect } = driver
  const { default: knex } = await import('knex')
  const reads = new ServerReads({
    pool,
    failureKind: dialect.failureKind,
    findsTogether: options.findsTogether,
    monotonicMs,
  })
  const lists = new SnapshotLists({ reads, dialect, builder: knex({ client: dialect.knexClient }) })
  const commands = new ServerCommands({
    pool,
    driver,
    monotonicMs,
    onEvent,
    random: randomFraction,
  })
  return { parts: { reads, commands, lists, dialect, onEvent }, pool }
}

/** One connection for one piece of work, for looks and migrations. @throws StartupRefusal */
export async function withServerConnection<Result>(
  location: ServerLocation,
  work: (connection: ServerConnection, driver: ServerDriver) => Promise<Result>,
): Promise<Result> {
  const driver = serverDriverOf(location, SERVER_DEFAULTS)
  let connection: ServerConnection
  try {
    connection = await driver.connect(() => undefined)
  } catch (error) {
    throw serverRefusal(driver, error)
  }
  try {
    return await work(connection, driver)
  } finally {
    await connection.close()
  }
}

export function serverRefusal(driver: ServerDriver, error: unknown): StartupRefusal {
  return new StartupRefusal(
    `The database (${driver.place}) cannot be opened: ${reasonBehind(error)}`,
    {
      cause: error,
    },
  )
}
