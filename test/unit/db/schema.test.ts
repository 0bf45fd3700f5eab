import assert from 'node:assert/strict'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { openDatabase } from '../../../src/db/database.ts'
import { MIGRATIONS } from '../../../src/db/migrationList.ts'
import { isEmptyOrRefuse, schemaStatus, upgradeSchema } from '../../../src/db/schema.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'

const NAMES = MIGRATIONS.map(({ name }) => name)
const LATEST = NAMES.at(-1) ?? ''

function freshFolder(t: { after(work: () => void): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-schema-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'gatehouse.db')
  const url = `sqlite:///${path}`
  return { path, url, open: () => openDatabase({ url, clock: systemClock() }) }
}

function refusal(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof StartupRefusal, String(error))
    assert.match(error.message, message)
    assert.ok(error.exitCode > 0)
    return true
  }
}

/** Changes the list of applied migrations by hand. */
function pretend(path: string, sql: string): void {
  const database = new Sqlite(path)
  database.exec(sql)
  database.close()
}
const FROM_THE_FUTURE =
  "insert into knex_migrations (name, batch, migration_time) values ('9999-newer', 9, 0)"

test('looking at a database that is not there makes none', async (t) => {
  const { path, url } = freshFolder(t)
  const status = { current: undefined, latest: LATEST, pending: NAMES, newer: false }
  assert.deepEqual(await schemaStatus(url), status)
  assert.ok(!existsSync(path))
})

test('an upgrade makes the database, readable for its owner alone, and runs once', async (t) => {
  const { path, url } = freshFolder(t)
  assert.deepEqual(await upgradeSchema(url), NAMES)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const status = { current: LATEST, latest: LATEST, pending: [], newer: false }
  assert.deepEqual(await schemaStatus(url), status)
  assert.deepEqual(await upgradeSchema(url), [])
})

test('of two that upgrade at once both find the schema, and it was made once', async (t) => {
  const { url } = freshFolder(t)
  const answers = await Promise.all([upgradeSchema(url), upgradeSchema(url)])
  assert.deepEqual((await schemaStatus(url)).pending, [])
  assert.deepEqual(answers.flat(), NAMES)
})

test('a first start makes the schema by itself', async (t) => {
  const { url, open } = freshFolder(t)
  const database = await open()
  await database.close()
  assert.equal((await schemaStatus(url)).current, LATEST)
})

test('a database of a newer release is refused, and left as it was', async (t) => {
  const { path, url, open } = freshFolder(t)
  await upgradeSchema(url)
  pretend(path, FROM_THE_FUTURE)
  const before = readFileSync(path)
  assert.equal((await schemaStatus(url)).newer, true)
  await assert.rejects(open(), refusal(/newer release \(9999-newer\).*backup/))
  await assert.rejects(upgradeSchema(url), refusal(/newer release/))
  assert.deepEqual(readFileSync(path), before)
})

test('only an empty database is given its schema by a start', () => {
  const status = { current: LATEST, latest: LATEST, pending: [], newer: false }
  assert.equal(isEmptyOrRefuse(status), false)
  assert.equal(isEmptyOrRefuse({ ...status, current: undefined, pending: NAMES }), true)
  const behind = { ...status, current: '0000-older', pending: [LATEST] }
  assert.throws(() => isEmptyOrRefuse(behind), refusal(/0000-older.*`gatehouse db upgrade`/))
})

test('a database of another program is refused and keeps its tables', async (t) => {
  const { path, open } = freshFolder(t)
  pretend(path, "create table secrets (id text); insert into secrets values ('theirs')")
  await assert.rejects(open(), refusal(/could not be upgraded.*already exists/s))
  const database = new Sqlite(path)
  t.after(() => database.close())
  const tables = database.prepare('select name from sqlite_schema').pluck().all()
  assert.ok(tables.includes('secrets') && !tables.includes('orders'), String(tables))
})

test('a file that is no database, a folder, a missing folder: each one sentence', async (t) => {
  const { path, url, open } = freshFolder(t)
  writeFileSync(path, 'this is a shopping list, '.repeat(100))
  await assert.rejects(open(), refusal(/cannot be opened: SQLITE_NOTADB/))
  await assert.rejects(schemaStatus(url), refusal(/cannot be opened/))
  rmSync(path)
  mkdirSync(path)
  await assert.rejects(open(), refusal(/cannot be opened/))
  const nowhere = `sqlite:///${path}/missing/gatehouse.db`
  const opening = openDatabase({ url: nowhere, clock: systemClock() })
  await assert.rejects(opening, refusal(/cannot be created: ENOENT/))
})
