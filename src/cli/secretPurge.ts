import type { Settings } from '../config/settingsTable.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import { Keyring } from '../crypto/keyring.ts'
import type { Database } from '../db/database.ts'
import type { Alarms, KekStore } from '../domain/ports/crypto.ts'
import { SecretPurge } from '../domain/purge.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { refusingWith } from './exitCodes.ts'
import { projectKeyLimits } from './keyringOfSettings.ts'
import { openKekStore } from './openKekStore.ts'

/** Destroying secrets wants the keys that verify them. @throws StartupRefusal */
export async function secretPurgeOf(
  settings: Settings,
  database: Database,
  alarms: Alarms,
): Promise<{ readonly purge: SecretPurge; close(): Promise<void> }> {
  const clock = systemClock()
  const deployment = await database.deployment.read()
  const { deploymentId } = deployment
  if (deploymentId === undefined) {
    throw new StartupRefusal('The database holds secrets, and its deployment id is gone.')
  }
  const kekStores: KekStore[] = []
  const close = async (): Promise<void> => {
    for (const kekStore of kekStores) await kekStore.close()
  }
  try {
    for (const store of settings.kekStores) {
      const around = { deployment, mayCreate: false, clock }
      kekStores.push(await refusingWith('keys', () => openKekStore(store, around)))
    }
  } catch (error) {
    await close()
    throw error
  }
  const keyring = new Keyring({
    kekStores,
    storeChoice: {
      of: () => {
        throw new Error('a purge makes no keys')
      },
    },
    projectKeys: database.projectKeys,
    deploymentId,
    clock,
    alarms,
    limits: projectKeyLimits(settings),
  })
  const integrity = new RowIntegrity({ keyring, deploymentId, alarms })
  const { secrets, purge } = database
  return { purge: new SecretPurge({ secrets, purge, integrity, clock }), close }
}
