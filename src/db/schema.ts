import { setTimeout as delay } from 'node:timers/promises'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { type DatabaseLocation, parseDatabaseUrl } from './databaseLocation.ts'
import { reasonOf } from './failureReason.ts'
import type { SchemaStatus } from './knownSchema.ts'
import { placeOf } from './server/serverLocation.ts'
import { migrateServer, serverSchemaStatus } from './server/serverSchema.ts'
import { migrateSqlite, sqliteSchemaStatus } from './sqliteSchema.ts'

const ATTEMPTS = 5
const ATTEMPT_EVERY_MS = 200

/** Looks without touching. @throws StartupRefusal */
export async function schemaStatus(url: string): Promise<SchemaStatus> {
  return statusAt(parseDatabaseUrl(url))
}

/**
 * Brings the database to the schema of this release, and makes it when there is none; where the database
 * can, all pending migrations in one transaction. Answers the names of those it ran.
 * @param until name of the last migration to run: a backup is restored as it was made
 */
export async function upgradeSchema(url: string, until?: string): Promise<readonly string[]> {
  const location = parseDatabaseUrl(url)
  refuseNewer(await statusAt(location))
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await migrate(location, until)
    } catch (error) {
      if (error instanceof StartupRefusal) throw error
      // Another may be upgrading at this moment: then it is done soon, and nothing is left for us.
      if ((await statusAt(location)).pending.length === 0) return []
      if (attempt === ATTEMPTS) {
        const where = location.kind === 'sqlite' ? location.path : placeOf(location)
        throw new StartupRefusal(
          `The database ${where} could not be upgraded: ${reasonOf(error)}`,
          {
            cause: error,
          },
        )
      }
    }
    await delay(ATTEMPT_EVERY_MS)
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

async function statusAt(location: DatabaseLocation): Promise<SchemaStatus> {
  return location.kind === 'sqlite' ? sqliteSchemaStatus(location) : serverSchemaStatus(location)
}

async function migrate(
  location: DatabaseLocation,
  until: string | undefined,
): Promise<readonly string[]> {
  return location.kind === 'sqlite'
    ? migrateSqlite(location, until)
    : migrateServer(location, until)
}
