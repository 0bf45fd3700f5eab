import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openDatabase } from '../../src/db/database.ts'
import { MIGRATIONS } from '../../src/db/migrationList.ts'
import { schemaStatus, upgradeSchema } from '../../src/db/schema.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import {
  emptyServerDatabase,
  type ServerDatabase,
  type ServerKind,
} from '../support/serverDatabase.ts'

const NAMES = MIGRATIONS.map(({ name }) => name)
const [FIRST = ''] = NAMES

/** The schema on a server: made once whoever asks for it, and by nobody twice. */
const schemaOn = (name: string, kind: ServerKind): void => {
  const schemaName = kind === 'mysql' ? 'database()' : 'current_schema()'
  const onEmpty = async (work: (database: ServerDatabase) => Promise<void>): Promise<void> => {
    const database = await emptyServerDatabase(kind)
    try {
      await work(database)
    } finally {
      await database.drop()
    }
  }

  describe(`the schema on ${name}`, { timeout: 900_000 }, () => {
    test('looking at an empty database changes nothing', () =>
      onEmpty(async ({ url, execute }) => {
        const status = await schemaStatus(url)
        assert.deepEqual([status.current, status.pending], [undefined, NAMES])
        const tables = execute(
          `select count(*) as found from information_schema.tables where table_schema = ${schemaName}`,
        )
        assert.equal(Number(tables[0]?.['found']), 0)
      }))

    test('of ten nodes that upgrade at once one does, and all find it done', () =>
      onEmpty(async ({ url }) => {
        const done = await Promise.all(Array.from({ length: 10 }, () => upgradeSchema(url)))
        assert.deepEqual(
          done.filter((names) => names.length > 0),
          [NAMES],
        )
        assert.deepEqual((await schemaStatus(url)).pending, [])
      }))

    test('ten nodes that start at once on an empty database all start', () =>
      onEmpty(async ({ url }) => {
        const server = { maxPoolSize: 2, maxOverflow: 0 }
        const open = () => openDatabase({ url, clock: systemClock(), server })
        const opened = await Promise.all(Array.from({ length: 10 }, open))
        for (const database of opened) await database.close()
      }))

    test('an upgrade that somebody died in is taken over after a while, and ended', () =>
      onEmpty(async ({ url, execute }) => {
        await upgradeSchema(url, FIRST)
        // What a killed node leaves: its lease, knex's lock, and on MariaDB tables of half a migration.
        execute("update leases set owner = 'dead', beat = beat + 1 where name = 'schema'")
        execute('update knex_migrations_lock set is_locked = 1')
        if (kind === 'mysql') execute('create table containers (id varchar(3) primary key)')
        assert.deepEqual(await upgradeSchema(url), NAMES.slice(1))
        assert.deepEqual((await schemaStatus(url)).pending, [])
      }))

    test('the database of another program is refused, and nothing is left in it', () =>
      onEmpty(async ({ url, execute }) => {
        execute('create table alembic_version (version_num varchar(32))')
        await assert.rejects(upgradeSchema(url), (error: unknown) => {
          assert.ok(error instanceof StartupRefusal)
          assert.match(error.message, /another program, such as alembic_version.*empty database/)
          return true
        })
        const [row] = execute(
          `select count(*) as found from information_schema.tables where table_schema = ${schemaName}`,
        )
        assert.equal(Number(row?.['found']), 1)
      }))

    test('a newer schema is not touched: there is no way back', () =>
      onEmpty(async ({ url, execute }) => {
        await upgradeSchema(url)
        execute("insert into knex_migrations (name, batch) values ('9999-newer', 9)")
        await assert.rejects(upgradeSchema(url), (error: unknown) => {
          assert.ok(error instanceof StartupRefusal)
          assert.match(error.message, /newer release \(9999-newer\).*restore the backup/)
          return true
        })
      }))
  })
}

schemaOn('MariaDB', 'mysql')
schemaOn('PostgreSQL', 'postgresql')

test('a table with rows that no finished migration made is never dropped', async () => {
  const database = await emptyServerDatabase('mysql')
  try {
    await upgradeSchema(database.url, FIRST)
    database.execute('create table containers (id varchar(3) primary key)')
    database.execute("insert into containers values ('1')")
    await assert.rejects(upgradeSchema(database.url), /containers is there and holds rows/)
    assert.equal(database.execute('select id from containers').length, 1)
  } finally {
    await database.drop()
  }
})
