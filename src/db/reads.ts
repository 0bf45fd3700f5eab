import type { FindById } from './findById.ts'
import type { Row, SqlValue, Statements } from './statement.ts'

/** Reads outside of any change. Every method may throw Fault('unavailable'). */
export interface Reads {
  /** The first row of one statement. The hot way: the statement is held prepared. */
  first(sql: string, ...params: readonly SqlValue[]): Promise<Row | undefined>
  /** The row of an id; several that ask in one turn may be answered together. */
  byId(find: FindById, id: string): Promise<Row | undefined>
  all(sql: string, ...params: readonly SqlValue[]): Promise<readonly Row[]>
  /** Several statements that see the database at one moment. */
  snapshot<Result>(statements: () => Statements<Result>): Promise<Result>
}
