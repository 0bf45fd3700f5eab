import type { Settings } from '../config/settingsTable.ts'
import type { DatabaseOptions } from '../db/database.ts'

/** How the settings want the database opened. */
export function databaseOfSettings({
  database,
}: Settings): Pick<DatabaseOptions, 'url' | 'server'> {
  return {
    url: database.connection,
    server: {
      maxPoolSize: database.max_pool_size,
      maxOverflow: database.max_overflow,
      poolTimeoutSeconds: database.pool_timeout,
      connectionRecycleSeconds: database.connection_recycle_time,
      wsrepSyncWait: database.mysql_wsrep_sync_wait,
    },
  }
}
