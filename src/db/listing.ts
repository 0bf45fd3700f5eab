import type { Knex } from 'knex'
import type { PageRequest } from '../model/page.ts'
import { number, text } from './rows/column.ts'
import type { SqlValue, Statement, Statements } from './statement.ts'

/** knex writes the statement; our own connections run it. */
export function toStatement(query: Knex.QueryBuilder): Statement {
  const { sql, bindings } = query.toSQL().toNative()
  return { sql, params: bindings as readonly SqlValue[] }
}

export function pageOf(query: Knex.QueryBuilder, { limit, offset }: PageRequest): Statement {
  // An offset beyond all rows is just that; a float beyond 2^53 is no integer to any database.
  return toStatement(query.limit(limit).offset(Math.min(offset, Number.MAX_SAFE_INTEGER)))
}

/**
 * Leaves on the page what was created after the marker, in the order of creation, then id. False when the
 * marker is not in the scope: it stands nowhere then, and nothing follows it.
 */
export function* startAfter(
  page: Knex.QueryBuilder,
  table: string,
  scope: Knex.QueryBuilder,
  marker: string,
): Statements<boolean> {
  const [createdAt, id] = [`${table}.created_at`, `${table}.id`]
  const { rows } = yield toStatement(scope.select(createdAt).where(id, marker))
  if (rows[0] === undefined) return false
  const at = text(rows[0], 'created_at')
  // Follows from the rest, and lets an index start at the marker.
  page.where(createdAt, '>=', at).where((later) => {
    later.where(createdAt, '>', at).orWhere((level) => {
      level.where(createdAt, at).where(id, '>', marker)
    })
  })
  return true
}

export function* countOf(query: Knex.QueryBuilder): Statements<number> {
  const { rows } = yield toStatement(query.count({ total: '*' }))
  return rows[0] === undefined ? 0 : number(rows[0], 'total')
}

/** The page itself says it when it is the last one and not beyond the end. */
export function totalWithoutCounting(
  found: number,
  { limit, offset }: PageRequest,
): number | undefined {
  const isLast = found < limit && (found > 0 || offset === 0)
  return isLast ? offset + found : undefined
}
