import assert from 'node:assert/strict'
import { parseDatabaseUrl } from '../../src/db/databaseLocation.ts'
import { SERVER_DEFAULTS, serverDriverOf } from '../../src/db/server/openServer.ts'
import type { ServerConnection, ServerDriver } from '../../src/db/server/serverConnection.ts'

/** The driver that Gatehouse would use for this `[database] connection`. */
export function driverFor(url: string): ServerDriver {
  const location = parseDatabaseUrl(url)
  assert.ok(location.kind !== 'sqlite')
  return serverDriverOf(location, SERVER_DEFAULTS)
}

/** Lent for a piece of work, and destroyed after it. */
export async function withConnection<Result>(
  url: string,
  work: (connection: ServerConnection) => Promise<Result>,
): Promise<Result> {
  const connection = await driverFor(url).connect(() => undefined)
  try {
    return await work(connection)
  } finally {
    connection.destroy()
  }
}

/** One statement without parameters. */
export async function say(connection: ServerConnection, sql: string): Promise<void> {
  await connection.execute({ sql, params: [] })
}
