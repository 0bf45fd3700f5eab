import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openDatabase } from '../../src/db/database.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { NOW, Project } from '../contract/recordsForRepositories.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import type { OwnServer } from '../support/ownServer.ts'

/* The grants that docs/databases.md names are enough, and those for serving are fewer. */

const TO_SERVE = 'select, insert, update, delete'

async function serves(server: OwnServer): Promise<void> {
  const database = await openDatabase({
    url: server.urlWith({ user: 'serving' }),
    clock: systemClock(),
  })
  try {
    const execute = () => assert.fail('by the repositories alone')
    const project = await Project.make({ ...database, execute })
    await database.deployment.establish('a'.repeat(32), NOW)
    const secret = project.secret()
    assert.equal(await database.secrets.insert(secret), 'inserted')
    assert.equal(await database.secrets.remove(secret.id, secret.rowMac, NOW, 'remove'), 'changed')
  } finally {
    await database.close()
  }
}

test('MariaDB: upgrading and serving with the documented grants, and no upgrade with those for serving', async (t) => {
  const server = await ownMariadb(t)
  await server.execute("create user upgrading@'%'")
  await server.execute("create user serving@'%'")
  await server.execute(`grant ${TO_SERVE} on gatehouse.* to serving@'%'`)
  await assert.rejects(upgradeSchema(server.urlWith({ user: 'serving' })))
  await server.execute(
    `grant ${TO_SERVE}, create, alter, index, references, drop on gatehouse.* to upgrading@'%'`,
  )
  await upgradeSchema(server.urlWith({ user: 'upgrading' }))
  await serves(server)
})

test('PostgreSQL: upgrading and serving with the documented grants, and no upgrade with those for serving', async (t) => {
  const server = await ownPostgres(t, {}, ['host all all 127.0.0.1/32 trust'])
  await server.execute('create role upgrading login')
  await server.execute('create role serving login')
  await server.execute('grant usage on schema public to serving')
  await assert.rejects(upgradeSchema(server.urlWith({ user: 'serving' })))
  await server.execute('grant create on schema public to upgrading')
  await upgradeSchema(server.urlWith({ user: 'upgrading' }))
  await server.execute(`grant ${TO_SERVE} on all tables in schema public to serving`)
  await serves(server)
})
