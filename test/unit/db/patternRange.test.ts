import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import knex from 'knex'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'
import { beginningAs } from '../../../src/db/patternRange.ts'

const builder = knex({ client: dialectSqlite.knexClient, useNullAsDefault: true })

/** What it leaves, as text compared code point by code point. */
function leaves(pattern: string, text: string): boolean {
  const rows = builder('secrets')
  beginningAs(rows, 'name', pattern)
  const { sql, bindings } = rows.toSQL().toNative()
  const conditions = [...sql.matchAll(/`name` (>=|<=|<) \?/g)].map(([, operator]) => operator)
  assert.equal(conditions.length, bindings.length)
  return conditions.every((operator, index) => {
    const order = Buffer.compare(Buffer.from(text), Buffer.from(String(bindings[index])))
    if (operator === '>=') return order >= 0
    return operator === '<=' ? order <= 0 : order < 0
  })
}

const text = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', '\ud7ff', '\ue000', '\u{10ffff}', '\t'),
})

test('all that begins as the pattern does is left, and what does not is not', () => {
  fc.assert(
    fc.property(text, text, fc.constantFrom('%', '_', '_b%'), (prefix, rest, wildcard) => {
      assert.equal(leaves(prefix + wildcard, prefix + rest), true)
      assert.equal(leaves(prefix + wildcard, rest), rest.startsWith(prefix))
    }),
    { numRuns: 2_000 },
  )
})

test('of a pattern with a zero character, where LIKE ends, everything is left', () => {
  for (const pattern of ['\0', 'a\0b', 'a\0%']) assert.equal(leaves(pattern, 'a'), true)
})

test('a pattern without a wildcard leaves itself', () => {
  fc.assert(
    fc.property(text, text, (pattern, other) => {
      assert.equal(leaves(pattern, other), pattern === other)
    }),
  )
})
