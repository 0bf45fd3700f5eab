import { codeOf, type Dialect, type FailureKind } from './dialect.ts'

/** The result codes that say something about the disk, the file or the lock, not about our statement. */
const AWAY =
  /^SQLITE_(IOERR|FULL|READONLY|CANTOPEN|CORRUPT|NOTADB|PROTOCOL|NOMEM|PERM|NOLFS|INTERRUPT)/

function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'bug'
  const code = codeOf(error)
  if (code.startsWith('SQLITE_CONSTRAINT')) return 'constraint'
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) return 'busy'
  if (AWAY.test(code) || code === FILES_MOVED) return 'away'
  return 'bug'
}

/** Code of the error that our own look at the files raises; SQLite itself does not notice. */
export const FILES_MOVED = 'GATEHOUSE_FILES_MOVED'

/** One writer at a time and nobody beside it: locking clauses are not needed, and not understood. */
export const dialectSqlite: Dialect = {
  knexClient: 'better-sqlite3',
  forShare: '',
  forUpdate: '',
  forUpdateOfFree: '',
  ascendingNulls: '',
  descendingNulls: '',
  aggregatesOnDisk: false,
  jsonArrayOf: (column) => `json_group_array(${column})`,
  jsonRowsOf: (values, order) =>
    `json_group_array(json_array(${values.join(', ')}) order by ${order})`,
  // JSON cannot hold a blob, and one put there by hand must reach the decoder that tells of it.
  jsonText: (column) => `case typeof(${column}) when 'blob' then 0 else ${column} end`,
  insertOrKeep: (table, columns) =>
    `insert into ${table} (${columns.join(', ')}) ` +
    `values (${columns.map(() => '?').join(', ')}) on conflict do nothing`,
  placeholder: () => '?',
  like: (column) => `${column} like ?`,
  contains: (column) => `instr(${column}, ?) > 0`,
  tableBesides:
    "select name from sqlite_schema where type = 'table' and name not in (?, ?) order by name limit 1",
  tableNamed: "select name from sqlite_schema where type = 'table' and name = ?",
  clock: "select cast(unixepoch('subsec') * 1000 as integer) as epoch_ms",
  failureKind,
}
