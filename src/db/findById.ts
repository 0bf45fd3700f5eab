import type { Row } from './statement.ts'

/** A statement for one row by its id, and for several of them: a server is asked for those that come together at once. */
export interface FindById {
  readonly one: string
  several(count: number): string
  /** How often the ids stand in the statement, all of them each time. */
  readonly repeats: number
  /** By id, the rows that the rest of this room knows; from those that the statement brought. */
  gathered(rows: readonly Row[]): ReadonlyMap<unknown, Row>
}

export function findById(table: string, columns: readonly string[]): FindById {
  const select = `select ${columns.join(', ')} from ${table} where ${table}.id`
  return {
    one: `${select} = ?`,
    several: (count) => `${select} ${inList(count)}`,
    repeats: 1,
    gathered: (rows) => new Map(rows.map((row) => [row['id'], row])),
  }
}

export function inList(count: number): string {
  return `in (${Array.from({ length: count }, () => '?').join(', ')})`
}
