import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lists } from '../../../src/db/lists.ts'
import { SizedLists } from '../../../src/db/sizedLists.ts'
import { SqliteReader } from '../../../src/db/sqliteReader.ts'
import { aQuery, Project } from '../../contract/recordsForRepositories.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

/** The most rows that are worked on, and that are only counted, beside the requests. */
const FEW_TO_WORK_ON = 1_000
const FEW_TO_COUNT = 30_000

function saying(where: string, said: string[]): Lists {
  const page = { items: [], total: 0 }
  return {
    secrets: async () => {
      said.push(where)
      return page
    },
    containers: async () => {
      said.push(where)
      return page
    },
    orders: async () => {
      said.push(where)
      return page
    },
  }
}

test('few rows are listed beside the requests, one more is listed aside; a plain page bears more of them', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const reads = new SqliteReader({ path: fresh.path, monotonicMs: () => 0, onEvent: () => {} })
  t.after(() => reads.close())
  const said: string[] = []
  const lists = new SizedLists({ reads, here: saying('here', said), aside: saying('aside', said) })

  const fill = (from: number, count: number) => {
    const numbers = `with recursive n(i) as (select ${from} union all select i + 1 from n where i < ${from + count - 1})`
    fresh.execute(
      `${numbers} insert into secrets (id, project_id, secret_type, created_at, updated_at) select 's' || i, ?, 'opaque', '2026', '2026' from n`,
      project.id,
    )
    fresh.execute(
      `${numbers} insert into secret_acl_users (secret_id, user_id) select 's' || i, 'octavia' from n`,
    )
    fresh.execute(
      `${numbers} insert into containers (id, project_id, container_type, created_at, updated_at) select 'c' || i, ?, 'generic', '2026', '2026' from n`,
      project.id,
    )
    fresh.execute(
      `${numbers} insert into orders (id, project_id, order_type, status, created_at, updated_at, meta) select 'o' || i, ?, 'key', 'ACTIVE', '2026', '2026', '{}' from n`,
      project.id,
    )
  }
  const listAll = async () => {
    said.length = 0
    await lists.secrets(aQuery(project))
    await lists.orders({ projectId: project.id, limit: 1, offset: 0 })
    await lists.containers({ projectId: project.id, limit: 1, offset: 0 })
    await lists.secrets(aQuery(project, { filter: { name: 'n%' } }))
    await lists.secrets(aQuery(project, { sort: [{ key: 'name', descending: false }] }))
    await lists.secrets(aQuery(project, { scope: { aclUser: 'octavia' } }))
    await lists.orders({ projectId: project.id, limit: 1, offset: 0, meta: 'aes' })
    await lists.containers({ projectId: project.id, limit: 1, offset: 0, name: 'n%' })
    await lists.containers({ projectId: project.id, limit: 1, offset: 0, type: 'rsa' })
    return said.join(' ')
  }
  assert.equal(await listAll(), `${'here '.repeat(8)}here`)
  fill(1, FEW_TO_WORK_ON)
  assert.equal(await listAll(), `${'here '.repeat(8)}here`)
  fill(FEW_TO_WORK_ON + 1, 1)
  assert.equal(await listAll(), `${'here '.repeat(3)}${'aside '.repeat(5)}aside`)
  fill(FEW_TO_WORK_ON + 2, FEW_TO_COUNT - FEW_TO_WORK_ON - 1)
  assert.equal(await listAll(), `${'here '.repeat(3)}${'aside '.repeat(5)}aside`)
  fill(FEW_TO_COUNT + 1, 1)
  assert.equal(await listAll(), `${'aside '.repeat(8)}aside`)
})

test('the database lists a large project too, while it goes on answering', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const kept = project.secret()
  await fresh.database.secrets.insert(kept)
  fresh.execute(
    `with recursive n(i) as (select 1 union all select i + 1 from n where i < 50000)
     insert into secrets (id, project_id, secret_type, name, name_folded, created_at, updated_at)
     select 's' || i, ?, 'opaque', 'N' || i, 'n' || i, '2026-01-01', '2026-01-01' from n`,
    project.id,
  )
  let isListed = false
  const list = fresh.database.secrets
    .list(aQuery(project, { filter: { name: '%9999' }, limit: 3 }))
    .finally(() => {
      isListed = true
    })
  let found = 0
  let longestMs = 0
  while (!isListed) {
    const startedAt = performance.now()
    await fresh.database.secrets.find(kept.id)
    await new Promise((resolve) => setImmediate(resolve))
    longestMs = Math.max(longestMs, performance.now() - startedAt)
    found += 1
  }
  const page = await list
  assert.deepEqual(
    page.items.map((item) => item.name),
    ['N19999', 'N29999', 'N39999'],
  )
  assert.equal(page.total, 5)
  assert.ok(found > 50, `${found} reads went on beside it, the longest took ${longestMs} ms`)
})
