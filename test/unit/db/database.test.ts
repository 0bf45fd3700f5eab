import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { type Database, openDatabase } from '../../../src/db/database.ts'
import type { DatabaseEvent } from '../../../src/db/databaseEvent.ts'
import { systemClock } from '../../../src/lib/clock.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { aQuery, NOW, Project } from '../../contract/recordsForRepositories.ts'
import { type FreshDatabase, freshDatabase } from '../../support/freshDatabase.ts'

const isUnavailable = (error: unknown) => error instanceof Fault && error.kind === 'unavailable'
const gauge = ({ gauges }: Database, name: string): number => {
  const found = gauges.find((one) => one.name === name)
  assert.ok(found !== undefined, name)
  return found.read()
}
const projectIn = (fresh: FreshDatabase) =>
  Project.make({ ...fresh.database, execute: fresh.execute })

test('database, log and index of the log are readable for their owner alone', async (t) => {
  const { path, database } = await freshDatabase(t)
  await database.deployment.establish('a'.repeat(32), NOW)
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    assert.equal(statSync(file).mode & 0o777, 0o600, file)
  }
})

test('what is acknowledged is there for whoever opens next, and the log is put away at the end', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await projectIn(fresh)
  const secrets = Array.from({ length: 50 }, () => project.secret())
  await Promise.all(secrets.map((secret) => fresh.database.secrets.insert(secret)))
  await fresh.database.close()

  const again = await openDatabase({ url: fresh.url, clock: systemClock() })
  t.after(() => again.close())
  assert.equal((await again.secrets.list(aQuery(project))).total, 50)
})

test('a closed database leaves one file, and answers nothing but unavailable', async (t) => {
  const { path, database } = await freshDatabase(t)
  await database.deployment.establish('a'.repeat(32), NOW)
  await database.close()
  await database.close()
  await assert.rejects(database.deployment.read(), isUnavailable)
  await assert.rejects(database.deployment.establish('a'.repeat(32), NOW), isUnavailable)
  await assert.rejects(database.health.check(AbortSignal.timeout(1_000)), isUnavailable)
  assert.deepEqual(readdirSync(dirname(path)), ['gatehouse.db'])
})

test('changes accepted before the close are answered, not dropped', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await projectIn(fresh)
  const answers = Array.from({ length: 20 }, () => fresh.database.secrets.insert(project.secret()))
  await fresh.database.close()
  assert.deepEqual(await Promise.all(answers), Array(20).fill('inserted'))
  assert.equal(fresh.execute('select id from secrets').length, 20)
})

test('of a deleted secret no byte of its envelope stays in the file or its log', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await projectIn(fresh)
  const marked = [40, 4_000, 20_000].map((length) => {
    const mark = randomBytes(length)
    const head = Buffer.from(project.envelope()).subarray(0, 12)
    return { mark, secret: project.secret({ envelope: Buffer.concat([head, mark]) }) }
  })
  await Promise.all(marked.map(({ secret }) => fresh.database.secrets.insert(secret)))
  await fresh.database.secrets.insert(project.secret())
  for (const { secret } of marked) {
    const removed = await fresh.database.secrets.remove(secret.id, secret.rowMac, NOW, 'remove')
    assert.equal(removed, 'changed')
  }
  await fresh.database.close()

  const files = [fresh.path, `${fresh.path}-wal`].filter((file) => existsSync(file))
  const bytes = Buffer.concat(files.map((file) => readFileSync(file)))
  assert.ok(
    bytes.includes(Buffer.from(project.key.id)),
    'the look itself works: what lives is found',
  )
  for (const { mark } of marked) {
    for (let offset = 0; offset + 16 <= mark.length; offset += 16) {
      const piece = mark.subarray(offset, offset + 16)
      assert.ok(!bytes.includes(piece), `${mark.length} bytes: found at ${offset}`)
    }
  }
})

test('what a crash left in the log is emptied at the next start', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await projectIn(fresh)
  await fresh.database.secrets.insert(project.secret())
  // The test's own connection keeps the log from going with the last to close.
  const another = new Sqlite(fresh.path)
  t.after(() => another.close())
  another.pragma('wal_autocheckpoint = 0')
  another.exec("update secrets set name = 'in the log'")
  assert.ok(statSync(`${fresh.path}-wal`).size > 0)
  const next = await openDatabase({ url: fresh.url, clock: systemClock() })
  t.after(() => next.close())
  assert.equal(gauge(next, 'gatehouse_database_log_bytes'), 0)
})

test('tells how many commands shared a commit, when connections open, and its size', async (t) => {
  const events: DatabaseEvent[] = []
  const fresh = await freshDatabase(t, { onEvent: (event) => events.push(event) })
  assert.deepEqual(
    events.map((event) => event.type === 'connectionOpened' && event.by).toSorted(),
    ['reader', 'writer'],
  )
  const project = await projectIn(fresh)
  events.length = 0
  const secrets = Array.from({ length: 10 }, () => project.secret())
  await Promise.all(secrets.map((secret) => fresh.database.secrets.insert(secret)))
  const commits = events.filter((event) => event.type === 'groupCommit')
  assert.deepEqual(
    commits.map(({ commands }) => commands),
    [10],
  )
  assert.ok((commits[0]?.durationMs ?? 0) > 0)
  assert.ok(gauge(fresh.database, 'gatehouse_database_bytes') > 0)
  assert.ok(gauge(fresh.database, 'gatehouse_database_log_bytes') > 0)
})

test('health reads and writes, and gives up when its time is over', async (t) => {
  const { database, execute } = await freshDatabase(t)
  await database.deployment.establish('a'.repeat(32), NOW)
  await database.health.check(AbortSignal.timeout(60_000))
  await assert.rejects(database.health.check(AbortSignal.abort()), isUnavailable)

  // Another process holds the writer's lock: reads are well, and health is not.
  execute('begin immediate')
  await assert.rejects(database.health.check(AbortSignal.timeout(50)), isUnavailable)
  assert.equal((await database.deployment.read()).deploymentId, 'a'.repeat(32))
  execute('rollback')
  await database.health.check(AbortSignal.timeout(60_000))
})

test('a column of the wrong type is no answer', async (t) => {
  const fresh = await freshDatabase(t)
  const project = await projectIn(fresh)
  const secret = project.secret()
  await fresh.database.secrets.insert(secret)
  fresh.execute("update secrets set envelope = 'text' where id = ?", secret.id)
  await assert.rejects(fresh.database.secrets.find(secret.id), /something else than binary/)
})
