import type { Settings } from '../config/settingsTable.ts'
import { Keyring } from '../crypto/keyring.ts'
import type { Database } from '../db/database.ts'
import type { Alarms } from '../domain/ports/crypto.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { DeploymentRepository } from '../domain/ports/keyRepositories.ts'
import { systemClock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { StoreBindings } from '../model/storeBindings.ts'
import { refusingWith } from './exitCodes.ts'
import { projectKeyLimits } from './keyringOfSettings.ts'
import { openKekStore } from './openKekStore.ts'
import type { Asking } from './shareInput.ts'
import { storePlanOfSettings } from './storePlanOfSettings.ts'

interface OpenKeyring {
  readonly keyring: Keyring
  readonly kekStores: readonly CapableKekStore[]
  readonly deploymentId: string
  close(): Promise<void>
}

/** The keys of what is stored, for a verb that makes none. @throws StartupRefusal */
export async function openKeyring(
  settings: Settings,
  database: Pick<Database, 'projectKeys'> & {
    readonly deployment: Pick<DeploymentRepository, 'read'>
  },
  alarms: Alarms,
  asking: Asking,
): Promise<OpenKeyring> {
  const clock = systemClock()
  const deployment = await database.deployment.read()
  const { deploymentId } = deployment
  if (deploymentId === undefined) {
    throw new StartupRefusal('The database holds secrets, and its deployment id is gone.')
  }
  const kekStores: CapableKekStore[] = []
  const close = async (): Promise<void> => {
    for (const kekStore of kekStores) await kekStore.close()
  }
  try {
    for (const store of settings.kekStores) {
      const around = { deployment, mayCreate: false, clock, asking }
      kekStores.push(await refusingWith('keys', () => openKekStore(store, around)))
    }
  } catch (error) {
    await close()
    throw error
  }
  const bindings = new StoreBindings(storePlanOfSettings(settings))
  const keyring = new Keyring({
    kekStores,
    storeChoice: {
      of: (projectId) => {
        const home = bindings.homeOf(projectId, undefined)
        if (home !== undefined && home !== 'unknown') return home.kekStore
        throw new Error('this verb makes no keys')
      },
      whyNoKey: (projectId, store, has) => bindings.whyNoKey(projectId, undefined, store, has),
    },
    projectKeys: database.projectKeys,
    deploymentId,
    clock,
    alarms,
    limits: projectKeyLimits(settings),
  })
  return { keyring, kekStores, deploymentId, close }
}
