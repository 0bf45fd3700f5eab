/** What every driver can bind and return. Times and JSON are text, truth is 0 or 1. */
export type SqlValue = string | number | Uint8Array | null

/** One statement in common SQL, with `?` placeholders. */
export interface Statement {
  readonly sql: string
  readonly params: readonly SqlValue[]
  /**
   * The one write of its command: what fails undoes itself, and needs nothing that could undo it. Where it comes
   * first, it needs no transaction; whatever follows it then finds that it changed nothing.
   */
  readonly isAlone?: boolean
}

export type Row = Readonly<Record<string, SqlValue>>

export interface StatementResult {
  /** Empty for a statement that returns none. */
  readonly rows: readonly Row[]
  /** How many rows an insert, update or delete touched. */
  readonly changes: number
}

/**
 * Work on the database as a sequence of statements that somebody else executes: it yields a statement
 * and is given its result. Written once, it runs in SQLite's writer thread without a wait, and over a
 * connection to a server with one await per statement (ADR 0002).
 */
export type Statements<Result> = Generator<Statement, Result, StatementResult>
