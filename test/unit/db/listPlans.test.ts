import assert from 'node:assert/strict'
import { test } from 'node:test'
import knex from 'knex'
import { listContainers } from '../../../src/db/containerListing.ts'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'
import { listOrders } from '../../../src/db/orderListing.ts'
import {
  CONSUMER_COUNT_SQL,
  CONSUMER_PAGE_SQL,
  consumersOfSecretsSql,
} from '../../../src/db/secretConsumerRepository.ts'
import { listSecrets } from '../../../src/db/secretListing.ts'
import type { Row, Statements } from '../../../src/db/statement.ts'
import { newSecretId } from '../../../src/lib/ids.ts'
import { aQuery, Project } from '../../contract/recordsForRepositories.ts'
import { type FreshDatabase, freshDatabase } from '../../support/freshDatabase.ts'

/*
 * What keeps a page flat for a million secrets in ten thousand projects: it walks one index from where
 * the project begins, and its count never leaves that index.
 */

const builder = knex({ client: dialectSqlite.knexClient, useNullAsDefault: true })

/** The query plan of every statement that the listing yields, each answered with `rows`. */
function plansOf(
  { execute }: FreshDatabase,
  statements: Statements<unknown>,
  rows: readonly Row[],
): readonly string[] {
  const plans: string[] = []
  for (
    let step = statements.next();
    step.done !== true;
    step = statements.next({ rows, changes: 0 })
  ) {
    const plan = execute(`explain query plan ${step.value.sql}`, ...step.value.params)
    plans.push(plan.map((line) => String(line['detail'])).join('; '))
  }
  return plans
}

const SUMMARY: Row = {
  ...{ id: 'x', project_id: 'p', name: null, secret_type: 'opaque', algorithm: null },
  ...{ bit_length: null, mode: null, expires_at: null, creator_id: null, content_type: null },
  ...{ created_at: '2026', updated_at: '2026', total: 1 },
}

test('a page of secrets walks its index without sorting, and the count stays inside it', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const [page, count] = plansOf(
    fresh,
    listSecrets(builder, dialectSqlite, aQuery(project, { limit: 1 })),
    [SUMMARY],
  )
  assert.equal(page, 'SEARCH secrets USING INDEX secrets_in_list_order (project_id=?)')
  assert.equal(count, 'SEARCH secrets USING COVERING INDEX secrets_in_list_order (project_id=?)')
})

test('a page far from the beginning is found without leaving the index, and only then read', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const query = aQuery(project, { limit: 1, offset: 50 })
  const [places, page, count] = plansOf(fresh, listSecrets(builder, dialectSqlite, query), [
    SUMMARY,
  ])
  const inside = 'SEARCH secrets USING COVERING INDEX secrets_in_list_order (project_id=?)'
  assert.equal(places, inside)
  assert.match(page ?? '', /^SEARCH secrets USING INDEX \S+ \(id=\?\)/)
  assert.equal(count, inside)
})

test('a page after a marker starts at the marker', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const query = aQuery(project, { marker: newSecretId(), limit: 1 })
  const [marker, page] = plansOf(fresh, listSecrets(builder, dialectSqlite, query), [SUMMARY])
  assert.match(marker ?? '', /^SEARCH secrets USING INDEX \S+ \(id=\?\)$/)
  assert.equal(
    page,
    'SEARCH secrets USING INDEX secrets_in_list_order (project_id=? AND created_at>?)',
  )
})

for (const [what, name, range] of [
  ['a name', 'disk', 'project_id=? AND name_folded>? AND name_folded<?'],
  ['the beginning of one', 'disk%', 'project_id=? AND name_folded>? AND name_folded<?'],
] as const) {
  test(`${what} is looked for where names stand, and so is the count`, async (t) => {
    const fresh = await freshDatabase(t)
    const project = await Project.make({ ...fresh.database, execute: fresh.execute })
    const query = aQuery(project, { filter: { name }, limit: 1 })
    for (const plan of plansOf(fresh, listSecrets(builder, dialectSqlite, query), [SUMMARY])) {
      assert.ok(plan.startsWith(`SEARCH secrets USING INDEX secrets_by_name (${range})`), plan)
    }
  })
}

test('the indexes of names and of ends are not told of a secret that has neither', async (t) => {
  const { execute } = await freshDatabase(t)
  for (const [index, column] of [
    ['secrets_by_name', 'name_folded'],
    ['secrets_by_expiration', 'expires_at'],
  ]) {
    const all = `select secrets.project_id from secrets indexed by ${index}`
    execute(`${all} where secrets.${column} is not null`)
    // Told to use an index that does not have them all, SQLite refuses.
    assert.throws(() => execute(all), /no query solution/)
  }
})

test('what an ACL grants is found from the user, and never by reading all secrets', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const query = aQuery(project, { scope: { aclUser: 'u' }, limit: 1 })
  for (const plan of plansOf(fresh, listSecrets(builder, dialectSqlite, query), [SUMMARY])) {
    assert.match(plan, /SEARCH secret_acl_users USING COVERING INDEX secret_acl_users_by_user/)
    assert.doesNotMatch(plan, /SCAN/)
  }
})

test('a page of orders walks its index without sorting, and the count stays inside it', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const query = { projectId: project.id, limit: 1, offset: 1 }
  const [page, count] = plansOf(fresh, withoutRows(listOrders(builder, dialectSqlite, query)), [
    SUMMARY,
  ])
  assert.equal(page, 'SEARCH orders USING INDEX orders_in_list_order (project_id=?)')
  assert.equal(count, 'SEARCH orders USING COVERING INDEX orders_in_list_order (project_id=?)')
})

test('a page of containers walks its index without sorting, and looks up members and consumers by theirs', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const query = { projectId: project.id, limit: 1, offset: 1 }
  const listing = withoutRows(listContainers(builder, dialectSqlite, query))
  const [page = '', count] = plansOf(fresh, listing, [SUMMARY])
  assert.match(page, /^SEARCH containers USING INDEX containers_in_list_order \(project_id=\?\); /)
  // Members and consumers are put in order in their arrays; the page itself is not sorted.
  assert.doesNotMatch(page, /SCAN|B-TREE FOR ORDER BY/)
  assert.equal(
    count,
    'SEARCH containers USING COVERING INDEX containers_in_list_order (project_id=?)',
  )
})

/** An empty page beyond the start must count; so no order needs to be made up. */
function* withoutRows(statements: Statements<unknown>): Statements<unknown> {
  const page = statements.next()
  if (page.done === true) return
  yield page.value
  const count = statements.next({ rows: [], changes: 0 })
  if (count.done !== true) yield count.value
}

test('consumers are read in the order of their index, for one secret or a page of them', async (t) => {
  const fresh = await freshDatabase(t)
  const planOf = (sql: string, ...params: readonly unknown[]) =>
    fresh.execute(`explain query plan ${sql}`, ...params).map((step) => String(step['detail']))
  const inOrder = 'SEARCH secret_consumers USING INDEX secret_consumers_in_list_order (secret_id=?)'
  assert.deepEqual(planOf(consumersOfSecretsSql(1), 'a'), [inOrder])
  assert.deepEqual(planOf(consumersOfSecretsSql(4), 'a', 'b', 'c', 'd'), [inOrder])
  assert.deepEqual(planOf(CONSUMER_PAGE_SQL, 'a', 10, 0), [inOrder])
  const [count = ''] = planOf(CONSUMER_COUNT_SQL, 'a')
  assert.match(count, /^SEARCH secret_consumers USING COVERING INDEX \S+ \(secret_id=\?\)$/)
})
