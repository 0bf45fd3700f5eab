import type { BackupSource } from '../../domain/ports/backup.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { DEPLOYMENT_ID } from '../commands/deploymentCommands.ts'
import { text } from '../rows/column.ts'
import { schemaStatus } from '../schema.ts'
import { backupTables } from './backupTables.ts'
import { openTables } from './openTables.ts'
import { countRows, readTables } from './tableReader.ts'

/**
 * One transaction on a connection of its own, so a server at work goes on. On SQLite the log cannot
 * start over until it ends, and grows by what is written meanwhile (ADR 0020).
 * @throws StartupRefusal
 */
export async function openBackupSource(url: string): Promise<BackupSource> {
  const { current: schema, latest } = await schemaStatus(url)
  const tables = schema === undefined ? undefined : backupTables(schema)
  if (schema === undefined)
    throw new StartupRefusal('There is no database yet to make a backup of.')
  if (tables === undefined) {
    throw new StartupRefusal(
      `The database has the schema of a newer release (${schema}); this one knows ${latest}: make the backup with the newer one.`,
    )
  }
  const connection = await openTables(url, 'read')
  try {
    await connection.begin('snapshot')
    const [deployment] = (await connection.execute({ sql: DEPLOYMENT_ID, params: [] })).rows
    return {
      schema,
      deploymentId: deployment === undefined ? undefined : text(deployment, 'deployment_id'),
      rows: await countRows(connection, tables),
      parts: () => readTables(connection, tables),
      close: () => connection.close(),
    }
  } catch (error) {
    await connection.close()
    throw error
  }
}
