import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findContainer } from '../../src/db/containerRepository.ts'
import { parseDatabaseUrl } from '../../src/db/databaseLocation.ts'
import { findSecret } from '../../src/db/secretRepository.ts'
import { withServerConnection } from '../../src/db/server/openServer.ts'
import type { ServerConnection } from '../../src/db/server/serverConnection.ts'
import { anAcl, NOW, Project, plain } from '../contract/recordsForRepositories.ts'
import { freshDatabase } from '../support/freshDatabase.ts'

async function made(connection: ServerConnection): Promise<number> {
  const { rows } = await connection.execute({
    sql: "show session status where variable_name = 'Created_tmp_disk_tables'",
    params: [],
  })
  return Number(rows[0]?.['Value'])
}

test('reading secrets and containers on MariaDB makes no table on the disk (ADR 0040)', async (t) => {
  const fresh = await freshDatabase(t, {}, 'mysql')
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const secrets = [project.secret(), project.secret({ acl: anAcl(['u1', 'u"2', 'ü\\3']) })]
  for (const secret of secrets) await fresh.database.secrets.insert(secret)
  const members = secrets.map(({ id: secretId }, index) => ({
    name: `member ${index}`,
    secretId,
    isGone: false,
  }))
  const container = project.container({ members, acl: anAcl(['u1', 'u2']) })
  await fresh.database.containers.insert(container, NOW)
  assert.deepEqual(plain(await fresh.database.containers.find(container.id)), plain(container))
  const location = parseDatabaseUrl(fresh.url)
  assert.ok(location.kind !== 'sqlite')
  await withServerConnection(location, async (connection, { dialect }) => {
    const find = findSecret(dialect)
    const ids = Array.from({ length: 64 }, (_, index) => secrets[index % 2]?.id ?? '')
    const params = Array.from({ length: find.repeats }, () => ids).flat()
    const before = await made(connection)
    const { rows } = await connection.execute({ sql: find.several(64), params })
    await connection.execute({
      sql: find.one,
      params: Array.from({ length: find.repeats }, () => ids[1] ?? ''),
    })
    const ofContainer = findContainer(dialect)
    await connection.execute({
      sql: ofContainer.one,
      params: Array.from({ length: ofContainer.repeats }, () => container.id),
    })
    assert.equal(await made(connection), before)
    const users = find.gathered(rows).get(secrets[1]?.id)?.['acl_users']
    assert.deepEqual(JSON.parse(String(users)).toSorted(), ['u"2', 'u1', 'ü\\3'])
  })
})
