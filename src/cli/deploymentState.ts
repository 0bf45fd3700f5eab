import type { Settings } from '../config/settingsTable.ts'
import { SqlDeploymentRepository } from '../db/deploymentRepository.ts'
import { schemaStatus } from '../db/schema.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { refuseUnfitSchema } from './dbVerbs.ts'
import { refusingWith } from './exitCodes.ts'
import { lookInto } from './lookInto.ts'

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
    if ((await schemaStatus(url)).current === undefined) return undefined
    await refuseUnfitSchema(settings)
    return lookInto(url, clock, (glass) => new SqlDeploymentRepository(glass).read())
  })
}
