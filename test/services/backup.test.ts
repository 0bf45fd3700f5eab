import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTables } from '../../src/db/backup/openTables.ts'
import { TableWriter } from '../../src/db/backup/tableWriter.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { backupContract, type MakePlace, restore, taken } from '../contract/backupContract.ts'
import { sqlitePlace } from '../contract/sqlitePlace.ts'
import { fillEveryTable } from '../support/everyTable.ts'
import { refusal } from '../support/refusals.ts'
import { emptyServerDatabase, type ServerKind } from '../support/serverDatabase.ts'

function serverPlace(kind: ServerKind): MakePlace {
  return async (t) => {
    const { url, execute, drop } = await emptyServerDatabase(kind)
    t.after(drop)
    return { url, execute: async (sql) => execute(sql) }
  }
}

const [mariadb, postgresql] = [serverPlace('mysql'), serverPlace('postgresql')]

backupContract('MariaDB', mariadb, mariadb)
backupContract('PostgreSQL', postgresql, postgresql)
backupContract('SQLite to MariaDB', sqlitePlace, mariadb)
backupContract('SQLite to PostgreSQL', sqlitePlace, postgresql)
backupContract('MariaDB to PostgreSQL', mariadb, postgresql)
backupContract('PostgreSQL to SQLite', postgresql, sqlitePlace)

const UNFIT: Readonly<Record<string, readonly [ServerKind, string]>> = {
  'a text longer than its column, in MariaDB': ['mysql', 'x'.repeat(256)],
  'a text longer than its column, in PostgreSQL': ['postgresql', 'x'.repeat(256)],
}
for (const [what, [kind, text]] of Object.entries(UNFIT)) {
  test(`${what}: a restore is refused in one sentence`, async (t) => {
    const { url, drop } = await emptyServerDatabase(kind)
    t.after(drop)
    await upgradeSchema(url)
    const connection = await openTables(url, 'write')
    try {
      const writer = new TableWriter(connection, 'quota_locks', ['project_id'])
      await writer.add([text])
      await assert.rejects(writer.flush(), refusal(/its schema does not allow: /))
    } finally {
      await connection.close()
    }
  })
}

test('what the database does not keep as it was is found by reading back, and nothing stays', async (t) => {
  const [source, target] = [await sqlitePlace(t), await postgresql(t)]
  await upgradeSchema(source.url)
  await fillEveryTable(source.url)
  // Written by hand: no decoder lets it in. PostgreSQL has no U+0000, and our connection binds another character.
  await source.execute("update secrets set name = 'a' || char(0) || 'b'")
  const { content } = await taken(source.url)
  const message = /gives back of secrets is not what the backup holds: nothing was restored/
  await assert.rejects(restore(target.url, content), refusal(message))
  assert.deepEqual(await target.execute('select deployment_id from deployment'), [])
})
