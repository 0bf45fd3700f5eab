import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { backupTables } from '../../../../src/db/backup/backupTables.ts'
import { LEFT_OUT } from '../../../../src/db/backup/tablesLeftOut.ts'
import { MIGRATIONS } from '../../../../src/db/migrationList.ts'
import { upgradeSchema } from '../../../../src/db/schema.ts'
import { emptyColumns, LATEST } from '../../../support/everyTable.ts'

async function migratedUntil(t: { after(work: () => void): void }, schema: string) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-tables-'))
  const path = join(folder, 'gatehouse.db')
  await upgradeSchema(`sqlite:///${path}`, schema)
  const database = new Sqlite(path, { readonly: true })
  t.after(() => {
    database.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const names = database
    .prepare("select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'")
    .pluck()
    .all() as readonly string[]
  const columnsOf = (table: string) =>
    database.pragma(`table_info(${table})`) as readonly { name: string; pk: number }[]
  const parentsOf = (table: string) =>
    (database.pragma(`foreign_key_list(${table})`) as readonly { table: string }[]).map(
      (key) => key.table,
    )
  return { names, columnsOf, parentsOf }
}

for (const { name: schema } of MIGRATIONS) {
  test(`a backup of the schema ${schema} forgets no table, no column and no key`, async (t) => {
    const { names, columnsOf } = await migratedUntil(t, schema)
    const tables = backupTables(schema) ?? assert.fail()
    const carried = tables.map(({ name }) => name)
    const leftOut = names.filter((name) => name in LEFT_OUT)
    // Red after a migration? A table or column is backed up, or left out for a reason that is written down.
    assert.deepEqual([...carried, ...leftOut].toSorted(), names.toSorted())
    for (const { name, columns, key, forgotten } of tables) {
      const found = columnsOf(name)
      assert.deepEqual(columns.toSorted(), found.map((column) => column.name).toSorted(), name)
      const primary = found.filter(({ pk }) => pk > 0).toSorted((a, b) => a.pk - b.pk)
      assert.deepEqual(
        key,
        primary.map((column) => column.name),
        name,
      )
      assert.ok(
        forgotten.every((column) => columns.includes(column)),
        name,
      )
    }
  })
}

test('whoever is referred to comes before who refers to it', async (t) => {
  const { parentsOf } = await migratedUntil(t, LATEST)
  const names = (backupTables(LATEST) ?? []).map(({ name }) => name)
  for (const [place, name] of names.entries()) {
    for (const parent of parentsOf(name)) {
      assert.ok(names.indexOf(parent) < place, `${name} comes before ${parent}`)
    }
  }
  assert.equal(names[0], 'deployment')
})

test('a schema that this release does not know has no tables', () => {
  assert.equal(backupTables('9999-newer'), undefined)
})

test('the rows that tests compare hold something in every column', () => {
  assert.deepEqual(emptyColumns(), [])
})
