import type { SqlValue, Statement } from './statement.ts'

interface Insert {
  readonly columns: readonly string[]
  readonly sql: string
}

/** By table; a row's own function always enumerates the same columns. */
const inserts = new Map<string, Insert>()

/** The insert of one row; the columns stand enumerated in the row's own function. */
export function insertInto(table: string, row: Readonly<Record<string, SqlValue>>): Statement {
  const columns = Object.keys(row)
  const known = inserts.get(table)
  if (known !== undefined && isSame(known.columns, columns)) {
    return { sql: known.sql, params: Object.values(row) }
  }
  const sql = `insert into ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`
  inserts.set(table, { columns, sql })
  return { sql, params: Object.values(row) }
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((column, index) => column === b[index])
}
