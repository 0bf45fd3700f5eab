import type { SqlValue, Statement } from './statement.ts'

/** The insert of one row; the columns stand enumerated in the row's own function. */
export function insertInto(table: string, row: Readonly<Record<string, SqlValue>>): Statement {
  const columns = Object.keys(row)
  return {
    sql: `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
    params: Object.values(row),
  }
}
