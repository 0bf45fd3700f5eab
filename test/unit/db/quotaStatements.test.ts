import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Command, statementsOf } from '../../../src/db/commands/commandTable.ts'
import { dialectSqlite } from '../../../src/db/dialectSqlite.ts'
import type { Row } from '../../../src/db/statement.ts'
import { newSecretId, type SecretId } from '../../../src/lib/ids.ts'
import { NOW, Project } from '../../contract/recordsForRepositories.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

/** As a server with row locks would see it. */
const dialect = { ...dialectSqlite, forShare: ' for share', forUpdate: ' for update' }

/** No row found, and so none changed. */
const NONE: readonly Row[] = []

/** The statements of a command, each answered with the rows that `answer` has for it. */
function statements(command: Command, answer: (sql: string) => readonly Row[]): readonly string[] {
  const seen: string[] = []
  const running = statementsOf(command, dialect)
  for (let step = running.next(); step.done !== true; ) {
    const { sql } = step.value
    seen.push(sql)
    const rows = answer(sql)
    step = running.next({ rows, changes: rows === NONE ? 0 : 1 })
  }
  return seen
}

const present = (quota: number | null) => (sql: string) => {
  if (sql.includes('from project_keys')) return [{ state: 'active', quota }]
  if (sql.includes('as quota from')) return [{ quota }]
  return sql.includes('count(*)') ? [{ present: 0 }] : []
}

async function commands(t: { after(work: () => Promise<void>): unknown }) {
  const fresh = await freshDatabase(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  const container = project.container()
  const secretConsumer = {
    ...{ id: project.consumer(container.id).id, secretId: newSecretId() as SecretId },
    ...{ projectId: project.id, service: 's', resourceType: 't', resourceId: 'r' },
    ...{ createdAt: NOW, updatedAt: NOW },
  }
  const withQuota = (quota: number): readonly Command[] => [
    { name: 'insertSecret', args: [project.secret(), quota] },
    { name: 'placeOrder', args: [project.order(), undefined, undefined, quota] },
    { name: 'insertContainer', args: [container, NOW, quota] },
    { name: 'addContainerConsumer', args: [project.consumer(container.id), quota] },
    { name: 'addSecretConsumer', args: [secretConsumer, quota] },
  ]
  return withQuota
}

test('where there is no limit, quotas cost no statement', async (t) => {
  const withQuota = await commands(t)
  const counts = withQuota(-1).map((command) => statements(command, present(null)).length)
  // Its lock and its insert, for a secret in one; consumers also move the parent's time.
  assert.deepEqual(counts, [1, 2, 2, 3, 3])
  for (const command of withQuota(5)) {
    const unlimited = statements(command, present(-1))
    assert.ok(!unlimited.some((sql) => sql.includes('quota_locks')), command.name)
  }
})

test('where there is one, the project is locked before anything is counted, and then inserted', async (t) => {
  const withQuota = await commands(t)
  for (const command of withQuota(5)) {
    const seen = statements(command, present(null))
    const at = (part: string) => seen.findIndex((sql) => sql.includes(part))
    assert.ok(at('update quota_locks') !== -1, command.name)
    assert.ok(at('update quota_locks') < at('count(*)'), command.name)
    assert.ok(at('count(*)') < at('insert into'), command.name)
  }
})

test('a project that was never limited gets its lock, and holds it', async (t) => {
  const withQuota = await commands(t)
  for (const command of withQuota(5)) {
    let isMade = false
    const seen = statements(command, (sql) => {
      if (sql.startsWith('insert into quota_locks')) isMade = true
      const isLock = sql.startsWith('update quota_locks')
      return isLock && !isMade ? NONE : present(null)(sql)
    })
    const ofLocks = seen.filter((sql) => sql.includes('quota_locks'))
    assert.equal(ofLocks.length, 3, command.name)
    assert.match(ofLocks[1] ?? '', /^insert into quota_locks .* on conflict do nothing$/)
    assert.match(ofLocks[2] ?? '', /^update quota_locks /)
  }
})

test('counting stays inside an index, and so does looking for what expired', async (t) => {
  const withQuota = await commands(t)
  const { execute } = await freshDatabase(t)
  const planOf = (sql: string) =>
    execute(`explain query plan ${sql.replaceAll(/ for (share|update)/g, '')}`)
      .map((line) => String(line['detail']))
      .join('; ')
  for (const command of withQuota(5)) {
    const count = statements(command, present(null)).find((sql) => sql.includes('count(*)'))
    const plan = planOf((count ?? assert.fail(command.name)).replaceAll('?', "'1'"))
    assert.match(plan, /SEARCH \w+ USING COVERING INDEX \w+ \(project_id=\?\)/, command.name)
  }
  const expired =
    "select secrets.id from secrets where secrets.expires_at <= '2026' order by secrets.expires_at, secrets.id limit 1"
  assert.equal(
    planOf(expired),
    'SEARCH secrets USING COVERING INDEX secrets_by_expiration (expires_at<?)',
  )
  const old =
    "select tombstones.kind from tombstones where tombstones.deleted_at <= '2026' order by tombstones.deleted_at limit 1"
  assert.equal(planOf(old), 'SEARCH tombstones USING INDEX tombstones_by_age (deleted_at<?)')
})
