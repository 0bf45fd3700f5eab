import type { Settings } from '../config/settingsTable.ts'
import { SignsShredReports } from '../crypto/reportKey.ts'
import type { Database } from '../db/database.ts'
import { parseDatabaseUrl } from '../db/databaseLocation.ts'
import { ShredReporting } from '../domain/shredReporting.ts'
import type { Clock } from '../lib/clock.ts'

interface Around {
  readonly database: Pick<Database, 'shredReports'>
  readonly deploymentId: string
  readonly clock: Clock
}

/** Signs with the key of `[gatehouse] report_key_file`, which is made when it is first wanted. */
export function shredReportingOf(
  settings: Settings,
  { database, deploymentId, clock }: Around,
): ShredReporting {
  const { kind } = parseDatabaseUrl(settings.database.connection)
  const signer = new SignsShredReports({
    path: settings.gatehouse.report_key_file,
    circumstances: { deploymentId, database: kind },
    clock,
  })
  return new ShredReporting({ reports: database.shredReports, signer })
}
