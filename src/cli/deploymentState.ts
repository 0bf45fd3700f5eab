import type { Settings } from '../config/settingsTable.ts'
import { openDatabase } from '../db/database.ts'
import { schemaStatus } from '../db/schema.ts'
import type { DeploymentState } from '../domain/ports.ts'
import type { Clock } from '../lib/clock.ts'
import { refusingWith } from './exitCodes.ts'

/** What the database says of this deployment; undefined while there is no database. A look makes none. */
export async function deploymentState(
  settings: Settings,
  clock: Clock,
): Promise<DeploymentState | undefined> {
  const url = settings.database.connection
  return refusingWith('database', async () => {
    if (schemaStatus(url).current === undefined) return undefined
    const database = await openDatabase({ url, clock })
    try {
      return await database.deployment.read()
    } finally {
      await database.close()
    }
  })
}
