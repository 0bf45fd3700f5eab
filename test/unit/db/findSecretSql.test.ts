import assert from 'node:assert/strict'
import { test } from 'node:test'
import knex from 'knex'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'
import { secretOfRow } from '../../../src/db/rows/secretRow.ts'
import { findSecret } from '../../../src/db/secretRepository.ts'
import type { Row } from '../../../src/db/statement.ts'
import { anAcl, at, Project, plain } from '../../contract/recordsForRepositories.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

test('the statement of the hot path answers the rows of its knex form', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const secrets = [
    project.secret(),
    project.secret({ acl: anAcl(['u1', 'u"2', 'ü\\3']) }),
    project.secret({ acl: anAcl([], false), envelope: null, contentType: null }),
    project.secret({ name: null, expiration: at('2030-01-01T00:00:00.000000') }),
  ]
  await Promise.all(secrets.map((secret) => fresh.database.secrets.insert(secret)))

  const builder = knex({ client: dialectSqlite.knexClient, useNullAsDefault: true })
  const users = builder('secret_acl_users')
    .whereRaw('secret_acl_users.secret_id = secrets.id')
    .select(builder.raw('json_group_array(secret_acl_users.user_id)'))
  const columns = [
    ...['id', 'project_id', 'name', 'secret_type', 'algorithm', 'bit_length', 'mode'],
    ...['expires_at', 'creator_id', 'content_type', 'created_at', 'updated_at'],
    ...['acl_project_access', 'acl_created_at', 'acl_updated_at', 'row_mac', 'envelope'],
  ].map((column) => `secrets.${column}`)
  const all = { acl_users: users }
  for (const secret of secrets) {
    const { sql, bindings } = builder('secrets')
      .select(columns)
      .select(all)
      .where('secrets.id', secret.id)
      .toSQL()
      .toNative()
    const [built] = fresh.execute(sql, ...bindings)
    const [hot] = fresh.execute(findSecret(dialectSqlite).one, secret.id)
    const usersOfHot = hot?.['acl_project_access'] === null ? '[]' : hot?.['acl_users']
    assert.deepEqual({ ...hot, acl_users: usersOfHot }, built)
    assert.deepEqual(plain(secretOfRow(hot as Row)), plain(secret))
  }
})

test('the hot statement looks up one row by its key, and users only by theirs', async (t) => {
  const { execute } = await freshDatabase(t)
  const plan = execute(`explain query plan ${findSecret(dialectSqlite).one}`, 'id')
  const details = plan.map((step) => String(step['detail']))
  assert.ok(
    details.every((detail) => !detail.startsWith('SCAN')),
    details.join('\n'),
  )
  assert.match(details[0] ?? '', /^SEARCH secrets USING INDEX \S+ \(id=\?\)$/)
})
