import { type ColumnType, codeOf, type Dialect, type FailureKind } from './dialect.ts'

/**
 * By SQLSTATE (PostgreSQL's appendix A): 08 connections, 25P03 and 25P04 transactions that stood still too long (the
 * server ends the connection), 28 and 3D access, 53300 too many connections, 57 operator intervention, 58 I/O,
 * XX001 and XX002 damaged files.
 */
const AWAY = /^(08|28|3D|57|58)...$|^(25P03|25P04|53300|XX001|XX002)$/
/** Read-only, a missing grant, out of disk, memory or temporary files, a statement that was cancelled or took too long. */
const REFUSED = /^(25006|42501|57014|53...)$/
const BUSY = new Set(['40001', '40P01', '55P03'])
const CONSTRAINT = /^23...$|^22001$/
const TOO_MANY_CONNECTIONS = '53300'
const STALE_PLAN = /^cached plan must not change result type/
/** What the driver says without a code. */
const DRIVER_AWAY =
  /^(Connection terminated|Client has encountered a connection error|Client was closed|timeout expired|The server does not support SSL)/

function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'bug'
  const code = codeOf(error)
  if (CONSTRAINT.test(code)) return 'constraint'
  if (BUSY.has(code)) return 'busy'
  if (code !== TOO_MANY_CONNECTIONS && REFUSED.test(code)) return 'refused'
  // A named statement from before an upgrade: every older connection has some.
  if (STALE_PLAN.test(error.message)) return 'away'
  if (AWAY.test(code) || DRIVER_AWAY.test(error.message)) return 'away'
  return /^(E[A-Z]{3,}|ERR_(TLS|SSL|STREAM|SOCKET)_[A-Z_]+|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_[A-Z_]+)$/.test(
    code,
  )
    ? 'away'
    : 'bug'
}

const TYPES = { text: 'text', integer: 'integer', bytes: 'bytea' } satisfies Record<
  ColumnType,
  string
>

export const dialectPostgres: Dialect = {
  knexClient: 'pg',
  forShare: ' for share',
  forUpdate: ' for update',
  forUpdateOfFree: ' for update skip locked',
  ascendingNulls: ' nulls first',
  descendingNulls: ' nulls last',
  aggregatesOnDisk: false,
  jsonArrayOf: (column) => `coalesce(json_agg(${column}), '[]')::text`,
  jsonRowsOf: (values, order) =>
    `coalesce(json_agg(json_build_array(${values.join(', ')}) order by ${order}), '[]')::text`,
  jsonText: (column) => column,
  insertOrKeep: (table, columns) =>
    `insert into ${table} (${columns.join(', ')}) ` +
    `values (${columns.map(() => '?').join(', ')}) on conflict do nothing`,
  placeholder: (type) => `?::${TYPES[type]}`,
  like: (column) => `${column} like ? escape ''`,
  contains: (column) => `strpos(${column}, ?) > 0`,
  tableBesides:
    'select tables.table_name as name from information_schema.tables ' +
    'where tables.table_schema = current_schema() and tables.table_name not in (?, ?) order by name limit 1',
  tableNamed:
    'select tables.table_name as name from information_schema.tables ' +
    'where tables.table_schema = current_schema() and tables.table_name = ?',
  clock:
    'select cast(extract(epoch from clock_timestamp()) * 1000 as double precision) as epoch_ms',
  failureKind,
}
