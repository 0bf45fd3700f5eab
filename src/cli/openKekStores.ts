import { isBound } from '../config/bindingChecks.ts'
import type { KekStoreSettings } from '../config/kekStoreKinds.ts'
import type { Settings } from '../config/settingsTable.ts'
import { proveKekStore } from '../crypto/deployment.ts'
import { LateKekStore } from '../crypto/kek/lateKekStore.ts'
import { ReplaceableKekStore } from '../crypto/kek/replaceableKekStore.ts'
import { isSealed } from '../crypto/kek/sealableKeyring.ts'
import type { KeyringEvent } from '../crypto/keyringEvent.ts'
import type { Database } from '../db/database.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { CanaryRow } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import type { Opened } from '../lib/opened.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import { openKekStore } from './openKekStore.ts'

interface Around {
  readonly clock: Clock
  readonly onEvent: (event: KeyringEvent) => void
}

/**
 * All of them; one that belongs to a tenant may come later, or never, without keeping anybody else waiting.
 * @throws StartupRefusal with one sentence for whatever keeps another one from opening
 */
export async function openKekStores(
  settings: Settings,
  database: Pick<Database, 'deployment'>,
  around: Around,
  opened: Opened,
): Promise<readonly CapableKekStore[]> {
  const deployment = await database.deployment.read()
  const kekStores: CapableKekStore[] = []
  for (const one of settings.kekStores) {
    const canaries = deployment.canaries.filter(({ store }) => store === one.name)
    // One that was never used is a mistake of the settings, or made now.
    const mayBeLate = canaries.length > 0 && isOfTenant(settings, one)
    const first = mayBeLate
      ? await openNowOrLater(one, database, around, canaries)
      : await openKekStore(one, { deployment, mayCreate: true, ...around })
    // The file of a keyring is followed by its store, who has opened one with shares keeps it open, and what is late is still to come.
    const isFixed = one.kind === 'keyring' || first instanceof LateKekStore
    const kekStore = isFixed ? first : new ReplaceableKekStore(first)
    kekStores.push(opened.keep(kekStore, (it) => it.close()))
  }
  return kekStores
}

function isOfTenant({ secretStores }: Settings, { name }: KekStoreSettings): boolean {
  return secretStores.some((store) => store.kekStoreName === name && isBound(store))
}

async function openNowOrLater(
  settings: KekStoreSettings,
  database: Pick<Database, 'deployment'>,
  around: Around,
  canaries: readonly CanaryRow[],
): Promise<CapableKekStore> {
  const open = () => openProven(settings, database, around)
  try {
    return await open()
  } catch (cause) {
    if (!(cause instanceof StartupRefusal)) throw cause
    around.onEvent({ kind: 'kekStoreAway', store: settings.name, cause })
    const { name } = settings
    const openLate = async () => {
      const kekStore = await open()
      // The breaker, which says so otherwise, may have heard of no failure.
      around.onEvent({ kind: 'kekStoreBack', store: name })
      return kekStore
    }
    return new LateKekStore({ name, canaries, open: openLate })
  }
}

/** It has to be the one that the database was used with, or it would wrap what no other node opens. */
async function openProven(
  settings: KekStoreSettings,
  { deployment: repository }: Pick<Database, 'deployment'>,
  { clock, onEvent }: Around,
): Promise<CapableKekStore> {
  const deployment = await repository.read()
  const kekStore = await openKekStore(settings, { deployment, mayCreate: false, clock, onEvent })
  try {
    const { deploymentId } = deployment
    if (deploymentId !== undefined && !isSealed(kekStore)) {
      await proveKekStore({ deployment: repository, clock }, kekStore, deploymentId)
    }
    return kekStore
  } catch (error) {
    await kekStore.close()
    throw error
  }
}
