import type { BackupPart } from '../../domain/ports/backup.ts'
import { number } from '../rows/column.ts'
import type { BackupTable } from './backupTables.ts'
import type { TableConnection } from './tableConnection.ts'
import { tablePages } from './tablePages.ts'

/** Tables and their rows. The caller began a transaction: what is read belongs to one moment. */
export async function* readTables(
  connection: TableConnection,
  tables: readonly BackupTable[],
): AsyncGenerator<BackupPart> {
  for (const table of tables) {
    const { name, columns, forgotten } = table
    yield { kind: 'table', name, columns }
    for await (const page of tablePages(connection, table)) {
      const rows = page.map((row) =>
        columns.map((column) => (forgotten.includes(column) ? null : (row[column] ?? null))),
      )
      yield { kind: 'rows', rows }
    }
  }
}

export async function countRows(
  connection: TableConnection,
  tables: readonly Pick<BackupTable, 'name'>[],
): Promise<number> {
  let rows = 0
  for (const { name } of tables) {
    const counted = await connection.execute({
      sql: `select count(*) as counted from ${name}`,
      params: [],
    })
    rows += counted.rows[0] === undefined ? 0 : number(counted.rows[0], 'counted')
  }
  return rows
}
