import type { Settings } from '../config/settingsTable.ts'
import type { KeyringEvent } from '../crypto/keyringEvent.ts'
import type { Database } from '../db/database.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { Clock } from '../lib/clock.ts'
import type { Opened } from '../lib/opened.ts'
import { openKekStore } from './openKekStore.ts'

/** @throws StartupRefusal with one sentence for whatever keeps one from opening */
export async function openKekStores(
  settings: Settings,
  database: Database,
  around: { readonly clock: Clock; readonly onEvent: (event: KeyringEvent) => void },
  opened: Opened,
): Promise<readonly CapableKekStore[]> {
  const deployment = await database.deployment.read()
  const kekStores: CapableKekStore[] = []
  for (const one of settings.kekStores) {
    const kekStore = await openKekStore(one, { deployment, mayCreate: true, ...around })
    kekStores.push(opened.keep(kekStore, (it) => it.close()))
  }
  return kekStores
}
