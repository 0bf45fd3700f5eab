import { setTimeout as delay } from 'node:timers/promises'
import { newOwnerName } from '../../lib/ownerName.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import {
  beatLease,
  LEASE,
  leaseSeenIn,
  releaseLease,
  takeLease,
} from '../commands/leaseCommands.ts'
import { MIGRATIONS_TABLE, readSchemaStatus, type SchemaStatus } from '../knownSchema.ts'
import { text } from '../rows/column.ts'
import { type MigrationTarget, runMigrations } from '../runMigrations.ts'
import type { Statements } from '../statement.ts'
import { awaitStatements } from './awaitStatements.ts'
import { mysqlOptionsOf } from './mysqlDriver.ts'
import { withServerConnection } from './openServer.ts'
import { postgresOptionsOf } from './postgresDriver.ts'
import type { ServerConnection, ServerDriver } from './serverConnection.ts'
import type { ServerLocation } from './serverLocation.ts'

const LEASE_NAME = 'schema'
const BEAT_EVERY_MS = 2_000
/** A lease that stands still for so long is a dead node's. */
const STILL_MS = 15_000
const LOOK_EVERY_MS = 250
/** Rows of a large table may have to be rewritten. */
const WAIT_MS = 600_000

const LEASES = 'leases'
const LEASES_TABLE =
  `create table if not exists ${LEASES} ` +
  '(name varchar(64) not null primary key, owner varchar(64), beat bigint not null)'

/** Looks without touching. */
export async function serverSchemaStatus(location: ServerLocation): Promise<SchemaStatus> {
  return withServerConnection(location, (connection, { dialect }) =>
    awaitStatements(readSchemaStatus(dialect), (statement) => connection.execute(statement)),
  )
}

/** Ten nodes may start at once: one migrates, the others wait for it and find nothing left to do. */
export async function migrateServer(
  location: ServerLocation,
  until?: string,
): Promise<readonly string[]> {
  return withServerConnection(location, async (connection, driver) => {
    const { dialect } = driver
    await refuseStrangers(connection, driver)
    const owner = newOwnerName()
    await connection.execute({ sql: LEASES_TABLE, params: [] }).catch((error: unknown) => {
      // Two that make it at once on PostgreSQL: one of them trips over the other's, and it is there.
      if (dialect.failureKind(error) !== 'constraint') throw error
    })
    await holdLease(connection, driver, owner)
    const ended = new AbortController()
    const beating = keepBeating(connection, driver, owner, ended.signal)
    try {
      return await runMigrations({
        client: dialect.knexClient,
        connection: await knexConnectionOf(location),
        isExclusive: true,
        until,
      })
    } finally {
      ended.abort()
      await beating
      await change(connection, releaseLease(dialect, LEASE_NAME, owner))
    }
  })
}

/** Barbican's own database, say: what is there is not ours to build on, and nothing is left behind in it. */
async function refuseStrangers(connection: ServerConnection, driver: ServerDriver): Promise<void> {
  const { dialect, place } = driver
  const ours = await connection.execute({ sql: dialect.tableNamed, params: [MIGRATIONS_TABLE] })
  if (ours.rows.length > 0) return
  // The table of leases alone: a first upgrade that was killed, or runs beside this one.
  const { rows } = await connection.execute({
    sql: dialect.tableBesides,
    params: [LEASES, MIGRATIONS_TABLE],
  })
  if (rows[0] === undefined) return
  throw new StartupRefusal(
    `The database (${place}) holds tables of another program, such as ${text(rows[0], 'name')}: ` +
      'give Gatehouse an empty database of its own.',
  )
}

/** knex hands on to the driver what the driver takes; its own types know less. */
async function knexConnectionOf(location: ServerLocation): Promise<MigrationTarget['connection']> {
  const options = location.kind === 'mysql' ? mysqlOptionsOf(location) : postgresOptionsOf(location)
  return (await options) as MigrationTarget['connection']
}

async function holdLease(
  connection: ServerConnection,
  { dialect, place }: ServerDriver,
  owner: string,
): Promise<void> {
  const look = async () => {
    const { rows } = await connection.execute({ sql: LEASE, params: [LEASE_NAME] })
    return leaseSeenIn(rows[0])
  }
  let seen = await look()
  let stillSinceMs = performance.now()
  const begunMs = stillSinceMs
  while (performance.now() - begunMs < WAIT_MS) {
    const isFree =
      seen === undefined || seen.owner === null || performance.now() - stillSinceMs > STILL_MS
    if (isFree) {
      const isTaken = await change(connection, takeLease(dialect, LEASE_NAME, owner, seen)).catch(
        (error: unknown) => {
          // Lost against another node.
          if (dialect.failureKind(error) === 'busy') return false
          throw error
        },
      )
      if (isTaken) return
    }
    await delay(LOOK_EVERY_MS)
    const now = await look()
    if (now?.beat !== seen?.beat) stillSinceMs = performance.now()
    seen = now
  }
  throw new StartupRefusal(
    `The database (${place}) is being upgraded by another node for more than ${WAIT_MS / 60_000} minutes; ` +
      'look there, and start this one again when it is done.',
  )
}

async function keepBeating(
  connection: ServerConnection,
  { dialect }: ServerDriver,
  owner: string,
  ended: AbortSignal,
): Promise<void> {
  while (!ended.aborted) {
    await delay(BEAT_EVERY_MS, undefined, { signal: ended }).catch(() => undefined)
    if (ended.aborted) return
    // Another may take over then; knex's own rows still let only one of two write a migration.
    await change(connection, beatLease(dialect, LEASE_NAME, owner)).catch(() => undefined)
  }
}

async function change<Result>(
  connection: ServerConnection,
  statements: Statements<Result>,
): Promise<Result> {
  await connection.begin('change')
  try {
    const result = await awaitStatements(statements, (statement) => connection.execute(statement))
    await connection.commit()
    return result
  } catch (error) {
    await connection.rollback().catch(() => undefined)
    throw error
  }
}
