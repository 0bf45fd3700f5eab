import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDatabaseUrl } from '../../src/db/databaseLocation.ts'
import { findSecret } from '../../src/db/secretRepository.ts'
import { withServerConnection } from '../../src/db/server/openServer.ts'
import type { ServerConnection } from '../../src/db/server/serverConnection.ts'
import { anAcl, Project } from '../contract/recordsForRepositories.ts'
import { freshDatabase } from '../support/freshDatabase.ts'

async function made(connection: ServerConnection): Promise<number> {
  const { rows } = await connection.execute({
    sql: "show session status where variable_name in ('Created_tmp_tables', 'Created_tmp_disk_tables')",
    params: [],
  })
  return rows.reduce((sum, row) => sum + Number(row['Value']), 0)
}

test('reading secrets on MariaDB makes no temporary table, with ACLs or without (ADR 0040)', async (t) => {
  const fresh = await freshDatabase(t, {}, 'mysql')
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const secrets = [project.secret(), project.secret({ acl: anAcl(['u1', 'u"2', 'ü\\3']) })]
  for (const secret of secrets) await fresh.database.secrets.insert(secret)
  const location = parseDatabaseUrl(fresh.url)
  assert.ok(location.kind !== 'sqlite')
  await withServerConnection(location, async (connection, { dialect }) => {
    const find = findSecret(dialect)
    const ids = Array.from({ length: 64 }, (_, index) => secrets[index % 2]?.id ?? '')
    const params = Array.from({ length: find.repeats }, () => ids).flat()
    const before = await made(connection)
    // The look itself makes one.
    const ofLook = (await made(connection)) - before
    const start = await made(connection)
    const { rows } = await connection.execute({ sql: find.several(64), params })
    await connection.execute({
      sql: find.one,
      params: Array.from({ length: find.repeats }, () => ids[1] ?? ''),
    })
    assert.equal((await made(connection)) - start - ofLook, 0)
    const users = find.gathered(rows).get(secrets[1]?.id)?.['acl_users']
    assert.deepEqual(JSON.parse(String(users)).toSorted(), ['u"2', 'u1', 'ü\\3'])
  })
})
