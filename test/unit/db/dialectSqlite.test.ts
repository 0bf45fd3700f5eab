import assert from 'node:assert/strict'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import type { FailureKind } from '../../../src/db/dialect.ts'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'

function withTable(t: { after(work: () => void): void }): Sqlite.Database {
  const database = new Sqlite(':memory:')
  t.after(() => database.close())
  return database.exec('create table notes (id text primary key, body text)')
}

test('an insert that keeps leaves the row of that key as it is and counts no change', (t) => {
  const database = withTable(t)
  const insert = database.prepare(dialectSqlite.insertOrKeep('notes', ['id', 'body']))
  assert.equal(insert.run('a', 'first').changes, 1)
  assert.equal(insert.run('a', 'second').changes, 0)
  assert.deepEqual(database.prepare('select * from notes').all(), [{ id: 'a', body: 'first' }])
})

test('like knows two wildcards and no escape, contains knows none', (t) => {
  const database = withTable(t)
  database.exec(`insert into notes values ('1', 'a%b'), ('2', 'a\\%b'), ('3', 'axb')`)
  const ids = (condition: string, value: string) =>
    database.prepare(`select id from notes where ${condition} order by id`).pluck().all(value)
  assert.deepEqual(ids(dialectSqlite.like('body'), 'a_b'), ['1', '3'])
  assert.deepEqual(ids(dialectSqlite.like('body'), 'a\\%b'), ['2'])
  assert.deepEqual(ids(dialectSqlite.contains('body'), '%'), ['1', '2'])
  assert.deepEqual(ids(dialectSqlite.contains('body'), 'X'), [])
})

test('a JSON array of no rows is an empty array, and text comes back as it was', (t) => {
  const database = withTable(t)
  const array = database.prepare(`select ${dialectSqlite.jsonArrayOf('body')} from notes`).pluck()
  assert.equal(array.get(), '[]')
  const body = 'quote " backslash \\ line\n \u2028 🔑'
  database.prepare('insert into notes values (?, ?)').run('a', body)
  assert.deepEqual(JSON.parse(array.get() as string), [body])
})

test('a table is found by name', (t) => {
  const database = withTable(t)
  const named = database.prepare(dialectSqlite.tableNamed)
  assert.equal(named.all('notes').length, 1)
  assert.equal(named.all('nothing').length, 0)
})

const KINDS: Readonly<Record<FailureKind, readonly string[]>> = {
  refused: [],
  constraint: ['SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_CONSTRAINT_FOREIGNKEY'],
  busy: ['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_LOCKED'],
  away: [
    ...['SQLITE_IOERR_FSYNC', 'SQLITE_IOERR_WRITE', 'SQLITE_FULL', 'SQLITE_READONLY_DBMOVED'],
    ...['SQLITE_CANTOPEN', 'SQLITE_CORRUPT_INDEX', 'SQLITE_NOTADB', 'SQLITE_PROTOCOL'],
  ],
  bug: ['SQLITE_ERROR', 'SQLITE_MISUSE', 'SQLITE_MISMATCH', 'ERR_INVALID_ARG', ''],
}

test('every failure is of one kind', () => {
  for (const [kind, codes] of Object.entries(KINDS)) {
    for (const code of codes) {
      const error = Object.assign(new Error('it failed'), { code })
      assert.equal(dialectSqlite.failureKind(error), kind, code)
    }
  }
  assert.equal(dialectSqlite.failureKind(new TypeError('x is undefined')), 'bug')
  assert.equal(dialectSqlite.failureKind('SQLITE_FULL'), 'bug')
})
