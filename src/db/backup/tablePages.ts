import { setImmediate } from 'node:timers/promises'
import type { Row, SqlValue, Statement } from '../statement.ts'
import type { TableConnection } from './tableConnection.ts'

/** A page of payloads of 20 kB, the most that a secret holds unless set otherwise, is 5 MB. */
const PAGE_ROWS = 256

interface Wanted {
  readonly name: string
  /** Columns that together are unique and never null: the order of the pages. */
  readonly key: readonly string[]
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
  const first = { sql: `${select} ${order}`, params: [] }
  const following = `${select} where ${followingCondition(key.map(qualified))} ${order}`
  for (let page: Statement = first; ; ) {
    // SQLite answers at once: signals and the progress line want their turn, too.
    await setImmediate()
    const { rows } = await connection.execute(page)
    if (rows.length > 0) yield rows
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE_ROWS) return
    page = { sql: following, params: followingParams(key.map((column) => last[column] ?? null)) }
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
