import { setImmediate } from 'node:timers/promises'
import type { Row, SqlValue, Statement } from '../statement.ts'
import type { TableConnection } from './tableConnection.ts'

/** A page of payloads of 20 kB, the most that a secret holds unless set otherwise, is 5 MB. */
const PAGE_ROWS = 256

/** Rows of a table in the order of their keys, from some place on. */
export interface RowRange {
  readonly name: string
  /** Columns that together are unique and never null: the order of the pages. */
  readonly key: readonly string[]
  /** Only rows with this value in this column; it is no part of the key then. */
  readonly only?: { readonly column: string; readonly value: SqlValue } | undefined
  /** The key of the row to begin behind. */
  readonly after?: readonly SqlValue[] | undefined
}

interface Wanted extends RowRange {
  readonly columns: readonly string[]
}

/** All rows of a table in pages, each found by the last key of the one before: as quick at the end as at the start. */
export async function* tablePages(
  connection: Pick<TableConnection, 'execute'>,
  wanted: Wanted,
): AsyncGenerator<readonly Row[]> {
  const { name, key, columns } = wanted
  const qualified = (column: string) => `${name}.${column}`
  const selected = new Set([...columns, ...key])
  const select = `select ${[...selected].map(qualified).join(', ')} from ${name}`
  const order = `order by ${key.map(qualified).join(', ')} limit ${PAGE_ROWS}`
  for (let { after } = wanted; ; ) {
    const { sql: where, params } = rowsOfRange({ ...wanted, after })
    // SQLite answers at once: signals and the progress line want their turn, too.
    await setImmediate()
    const { rows } = await connection.execute({ sql: `${select}${where} ${order}`, params })
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) return
    after = key.map((column) => last[column] ?? null)
  }
}

/** ` where ...`, or nothing for a whole table. */
export function rowsOfRange({ name, key, only, after }: RowRange): Statement {
  const terms: Statement[] = []
  if (only !== undefined) terms.push({ sql: `${name}.${only.column} = ?`, params: [only.value] })
  if (after !== undefined) {
    const columns = key.map((column) => `${name}.${column}`)
    terms.push({ sql: followingCondition(columns), params: followingParams(after) })
  }
  if (terms.length === 0) return { sql: '', params: [] }
  return {
    sql: ` where ${terms.map(({ sql }) => sql).join(' and ')}`,
    params: terms.flatMap(({ params }) => params),
  }
}

/**
 * `(a, b) > (?, ?)`, which MariaDB compares row by row and finds by no index, spelled out; the first
 * term is what an index can begin at.
 */
function followingCondition([first = '', ...rest]: readonly string[]): string {
  if (rest.length === 0) return `${first} > ?`
  return `${first} >= ? and (${first} > ? or (${first} = ? and ${followingCondition(rest)}))`
}

function followingParams([first = null, ...rest]: readonly SqlValue[]): readonly SqlValue[] {
  return rest.length === 0 ? [first] : [first, first, first, ...followingParams(rest)]
}
