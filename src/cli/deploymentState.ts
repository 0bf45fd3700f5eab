import type { Settings } from '../config/settingsTable.ts'
import { parseDatabaseUrl } from '../db/databaseLocation.ts'
import { SqlDeploymentRepository } from '../db/deploymentRepository.ts'
import { schemaStatus } from '../db/schema.ts'
import { SqliteReader } from '../db/sqliteReader.ts'
import type { DeploymentState } from '../domain/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { refusingWith } from './exitCodes.ts'

/**
 * What the database says of this deployment; undefined while there is no database. It only looks: no
 * file is made, and a server at work on the same database is not disturbed.
 */
export async function deploymentState(
  settings: Settings,
  clock: Clock,
): Promise<DeploymentState | undefined> {
  const url = settings.database.connection
  return refusingWith('database', async () => {
    if (schemaStatus(url).current === undefined) return undefined
    const reads = new SqliteReader({
      path: parseDatabaseUrl(url).path,
      monotonicMs: () => clock.monotonicMs(),
      onEvent: () => undefined,
    })
    const commands = { run: () => Promise.reject(new Error('a look changes nothing')) }
    try {
      return await new SqlDeploymentRepository({ reads, commands }).read()
    } finally {
      reads.close()
    }
  })
}
