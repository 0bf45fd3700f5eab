import { parseDatabaseUrl } from '../databaseLocation.ts'
import { openServerTables } from './serverTableConnection.ts'
import { openSqliteTables } from './sqliteTableConnection.ts'
import type { TableConnection } from './tableConnection.ts'

/** @throws StartupRefusal */
export async function openTables(url: string, access: 'read' | 'write'): Promise<TableConnection> {
  const location = parseDatabaseUrl(url)
  return location.kind === 'sqlite'
    ? openSqliteTables(location.path, access)
    : openServerTables(location)
}
