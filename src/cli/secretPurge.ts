import type { Settings } from '../config/settingsTable.ts'
import { RowIntegrity } from '../crypto/integrity.ts'
import type { Database } from '../db/database.ts'
import type { Alarms } from '../domain/ports/crypto.ts'
import { SecretPurge } from '../domain/purge.ts'
import { systemClock } from '../lib/clock.ts'
import { openKeyring } from './openKeyring.ts'
import type { Asking } from './shareInput.ts'

/** Destroying secrets wants the keys that verify them. @throws StartupRefusal */
export async function secretPurgeOf(
  settings: Settings,
  database: Database,
  alarms: Alarms,
  asking: Asking,
): Promise<{ readonly purge: SecretPurge; close(): Promise<void> }> {
  const { keyring, deploymentId, close } = await openKeyring(settings, database, alarms, asking)
  const integrity = new RowIntegrity({ keyring, deploymentId, alarms })
  const { secrets, purge } = database
  return { purge: new SecretPurge({ secrets, purge, integrity, clock: systemClock() }), close }
}
