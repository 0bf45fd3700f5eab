/**
 * How a statement failed:
 * - 'constraint': it broke a rule of the schema; the connection and its transaction are sound
 * - 'busy': another process holds the lock, or the transaction was taken back for its sake; the connection is sound
 * - 'refused': the server says no for now (read-only, out of space, out of time, a missing grant); the
 *   connection is sound, and may lead to where nobody should write any more
 * - 'away': disk, file or connection do not serve; nothing on this connection can be trusted
 * - 'bug': anything else is ours
 */
export type FailureKind = 'constraint' | 'busy' | 'refused' | 'away' | 'bug'

/** The text by which drivers, sockets and TLS tell one failure from another; '' when there is none. */
export function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : ''
}

export type ColumnType = 'text' | 'integer' | 'bytes'

/** What SQLite, MariaDB and PostgreSQL do not agree on; all other SQL in this room is common to them. */
export interface Dialect {
  /** knex's name for it. */
  readonly knexClient: 'better-sqlite3' | 'mysql2' | 'pg'
  /** Ends a select whose rows must not change until commit. */
  readonly forShare: string
  /** Ends a select whose rows this transaction is going to change. */
  readonly forUpdate: string
  /** The same, and rows that another transaction is about to change are passed over. */
  readonly forUpdateOfFree: string
  /** Follows an ascending (descending) sort column: null is less than anything. */
  readonly ascendingNulls: string
  readonly descendingNulls: string
  /** Aggregates of text cost a table on the disk each: the hot path does without. */
  readonly aggregatesOnDisk: boolean
  /** All values of a column, as the text of one JSON array; '[]' when there is no row. */
  jsonArrayOf(column: string): string
  /** Rows of these values in this order, as the text of one JSON array of arrays; '[]' when there is none. */
  jsonRowsOf(values: readonly string[], order: string): string
  /** A text column as a value of such a row. */
  jsonText(column: string): string
  /** An insert that leaves a row with the same key as it is and then counts no change. */
  insertOrKeep(table: string, columns: readonly string[]): string
  /** A placeholder where the database cannot tell from its surroundings what type the value has. */
  placeholder(type: ColumnType): string
  /** Matches `?` with the wildcards `%` and `_`; no character escapes them. */
  like(column: string): string
  /** Holds `?` literally. */
  contains(column: string): string
  /** Returns a row when the table named `?` exists. */
  readonly tableNamed: string
  /** Names a table of this database that is neither of the two named `?`; no row when there is none. */
  readonly tableBesides: string
  /** The database's own clock: one row with `epoch_ms`. */
  readonly clock: string
  failureKind(error: unknown): FailureKind
}
