import type { Knex } from 'knex'

const WILDCARD = /[%_]/

/**
 * Leaves what can match the pattern at all, by an index of the column: texts that begin as it does before its
 * first wildcard. Our columns compare code point by code point, so such texts stand together in the order. No
 * database finds that in a LIKE of a value that it has yet to be told.
 */
export function beginningAs(rows: Knex.QueryBuilder, column: string, pattern: string): void {
  // To SQLite's LIKE a pattern ends there, to Barbican's database as well; a text does not.
  if (pattern.includes('\0')) return
  const at = pattern.search(WILDCARD)
  if (at === -1) {
    // Of an equality SQLite thinks that it is worth less than an index in the order of the list.
    rows.where(column, '>=', pattern).where(column, '<=', pattern)
    return
  }
  const prefix = pattern.slice(0, at)
  if (prefix === '') return
  rows.where(column, '>=', prefix)
  const end = behindAll(prefix)
  if (end !== undefined) rows.where(column, '<', end)
}

/** The first text behind all that begin so; undefined when there is none. */
function behindAll(prefix: string): string | undefined {
  const points = Array.from(prefix, (character) => character.codePointAt(0) ?? 0)
  while (points.at(-1) === LAST) points.pop()
  const last = points.pop()
  return last === undefined ? undefined : String.fromCodePoint(...points, following(last))
}

const LAST = 0x10ffff

/** Surrogates are no characters: nothing stands between the two ends of them. */
function following(point: number): number {
  return point === 0xd7ff ? 0xe000 : point + 1
}
