import { codeOf, type Dialect, type FailureKind } from './dialect.ts'

/**
 * Begins an insert that leaves a row with the same key as it is. MariaDB has two spellings for that, and
 * both lie: `insert ignore` also swallows values that do not fit, `on duplicate key update` counts the
 * row that was kept. So the connection knows these words, and takes the refusal of the key for no change.
 */
export const INSERT_OR_KEEP = 'insert /* or keep */ into'
export const DUPLICATE_KEY = 1062

const CONSTRAINTS = new Set([DUPLICATE_KEY, 1048, 1216, 1217, 1406, 1451, 1452, 1557, 1586, 4025])
/**
 * Deadlocks, lock timeouts, a changed snapshot, a table that an upgrade has just changed; on Galera also
 * whoever lost a certification.
 */
const BUSY = new Set([1205, 1213, 1020, 1412, 1615, 3101, 3572])
/**
 * Out of disk or memory, read-only, statements that were killed or took too long, a missing grant, a
 * COMMIT that failed, no more prepared statements.
 */
const REFUSED = new Set([
  3, 5, 28, 1021, 1026, 1030, 1037, 1038, 1041, 1114, 1142, 1143, 1180, 1290, 1317, 1461, 1792,
  1836, 1969, 3024,
])
/**
 * Too many connections, shutting down, access refused, no such database, a connection that was killed or is not
 * understood, a statement that it does not know any more, files that cannot be read, and a Galera node
 * that has not joined.
 */
const AWAY = new Set([
  9, 11, 14, 21, 23, 126, 127, 1023, 1024, 1040, 1042, 1043, 1044, 1045, 1047, 1049, 1053, 1077,
  1079, 1080, 1129, 1130, 1135, 1152, 1154, 1155, 1156, 1157, 1158, 1159, 1160, 1161, 1184, 1189,
  1190, 1203, 1226, 1243, 1927, 2006, 2013, 3168, 4031,
])

function failureKind(error: unknown): FailureKind {
  if (!(error instanceof Error)) return 'bug'
  const errno = 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined
  // Only what the server says has a `sqlState`; a socket's numbers are another matter.
  if (errno !== undefined && 'sqlState' in error) {
    if (CONSTRAINTS.has(errno)) return 'constraint'
    if (BUSY.has(errno)) return 'busy'
    if (REFUSED.has(errno)) return 'refused'
    if (AWAY.has(errno)) return 'away'
  }
  if ('fatal' in error && error.fatal === true) return 'away'
  return /^(E[A-Z]+|PROTOCOL_[A-Z_]+|HANDSHAKE_[A-Z_]+|ERR_(TLS|SSL|STREAM|SOCKET)_[A-Z_]+)$/.test(
    codeOf(error),
  )
    ? 'away'
    : 'bug'
}

/** MariaDB 10.11 and later, MySQL 8: one dialect for both. */
export const dialectMysql: Dialect = {
  knexClient: 'mysql2',
  forShare: ' lock in share mode',
  forUpdate: ' for update',
  forUpdateOfFree: ' for update skip locked',
  ascendingNulls: '',
  descendingNulls: '',
  aggregatesOnDisk: true,
  // group_concat, for MySQL's json_arrayagg has no order. The connection lifts the limit of its length.
  jsonArrayOf: (column) =>
    `coalesce(concat('[', group_concat(json_quote(${column}) separator ','), ']'), '[]')`,
  jsonRowsOf: (values, order) =>
    `coalesce(concat('[', group_concat(json_array(${values.join(', ')}) order by ${order} ` +
    "separator ','), ']'), '[]')",
  jsonText: (column) => column,
  insertOrKeep: (table, columns) =>
    `${INSERT_OR_KEEP} ${table} (${columns.join(', ')}) values (${columns.map(() => '?').join(', ')})`,
  placeholder: () => '?',
  // `escape ''` would be it; MariaDB takes that for a backslash. And of a bare column that is indexed it reads
  // no text with a character beyond U+FFFF after the prefix: its own range for LIKE ends before them.
  like: (column) => `concat(${column}, '') like replace(?, '\\\\', '\\\\\\\\')`,
  contains: (column) => `instr(${column}, ?) > 0`,
  tableBesides:
    'select tables.table_name as name from information_schema.tables ' +
    'where tables.table_schema = database() and tables.table_name not in (?, ?) order by name limit 1',
  tableNamed:
    'select tables.table_name as name from information_schema.tables ' +
    'where tables.table_schema = database() and tables.table_name = ?',
  clock: 'select cast(unix_timestamp(sysdate(6)) * 1000 as signed) as epoch_ms',
  failureKind,
}
