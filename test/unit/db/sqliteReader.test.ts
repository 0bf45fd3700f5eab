import assert from 'node:assert/strict'
import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import type { DatabaseEvent } from '../../../src/db/databaseEvent.ts'
import { SqliteReader } from '../../../src/db/sqliteReader.ts'
import type { Statements } from '../../../src/db/statement.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { NOW, Project } from '../../contract/recordsForRepositories.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

const COUNT = 'select count(*) as total from secrets'

function isUnavailable(error: unknown): boolean {
  assert.ok(error instanceof Fault)
  assert.equal(error.kind, 'unavailable')
  assert.ok(Number(error.headers['Retry-After']) >= 1)
  return true
}

async function scene(t: { after(work: () => Promise<void>): unknown }) {
  const fresh = await freshDatabase(t)
  const events: DatabaseEvent[] = []
  const time = { nowMs: 0, onLook: () => {} }
  const reader = new SqliteReader({
    path: fresh.path,
    monotonicMs: () => {
      time.onLook()
      return time.nowMs
    },
    onEvent: (event) => events.push(event),
  })
  t.after(async () => reader.close())
  reader.ensureOpen()
  return { fresh, reader, events, time }
}

test('sees every commit that was acknowledged', async (t) => {
  const { fresh, reader } = await scene(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  for (let total = 1; total <= 20; total += 1) {
    await fresh.database.secrets.insert(project.secret())
    assert.deepEqual(await reader.first(COUNT), { total })
  }
})

const TOMBSTONES = 'select count(*) as total from tombstones'
const MAKE_TOMBSTONE =
  "insert into tombstones select 'secret', count(*), 'p', null, '2026', '2026' from tombstones"

test('reads that come together are of one moment, those that come later are of a later one', async (t) => {
  const { fresh, reader, time } = await scene(t)
  let looks = 0
  // The reader looks at the clock before each read: the place for a write of somebody else.
  time.onLook = () => {
    looks += 1
    if (looks > 2) fresh.execute(MAKE_TOMBSTONE)
  }
  const together = await Promise.all([1, 2, 3, 4].map(() => reader.first(TOMBSTONES)))
  assert.equal(looks, 5)
  assert.deepEqual(together, Array(4).fill({ total: 0 }))
  time.onLook = () => {}
  assert.deepEqual(await reader.first(TOMBSTONES), { total: 3 })
})

test('many reads under way never hide a commit that was acknowledged', async (t) => {
  const { fresh, reader } = await scene(t)
  const project = await Project.make({ ...fresh.database, execute: fresh.execute })
  let acknowledged = 0
  let isOver = false
  const busy = Array.from({ length: 20 }, async () => {
    while (!isOver) {
      const least = acknowledged
      const row = await reader.first(COUNT)
      assert.ok(Number(row?.['total']) >= least, `${row?.['total']} of ${least}`)
      await new Promise(setImmediate)
    }
  })
  for (let total = 1; total <= 30; total += 1) {
    await fresh.database.secrets.insert(project.secret())
    acknowledged = total
    const both = await Promise.all([reader.first(COUNT), reader.first(COUNT)])
    assert.deepEqual(both, [{ total }, { total }])
  }
  isOver = true
  await Promise.all(busy)
})

test('a read that fails among others fails alone, and takes no transaction along', async (t) => {
  const { fresh, reader, events } = await scene(t)
  const bug = (outcome: PromiseSettledResult<unknown> | undefined) => outcome?.status === 'rejected'
  const first = await Promise.allSettled([
    reader.first(COUNT),
    reader.first('select nothing from nowhere'),
    reader.first(COUNT),
  ])
  assert.deepEqual(first.map(bug), [false, true, false])
  // This one costs the connection: SQLite calls it a database that cannot be written.
  const second = await Promise.allSettled([
    reader.first(COUNT),
    reader.all('delete from secrets'),
    reader.first(COUNT),
    reader.first(COUNT),
  ])
  assert.deepEqual(second.map(bug), [false, true, false, false])
  assert.ok(events.some(({ type }) => type === 'connectionLost'))
  fresh.execute(MAKE_TOMBSTONE)
  assert.deepEqual(await reader.first(TOMBSTONES), { total: 1 })
})

test('a snapshot sees one moment, and ends with its work even when that fails', async (t) => {
  const { fresh, reader } = await scene(t)
  function* countTwice(): Statements<readonly unknown[]> {
    const before = yield { sql: COUNT, params: [] }
    fresh.execute("insert into tombstones values ('secret', 'x', 'p', null, '2026', '2026')")
    const after = yield { sql: 'select count(*) as total from tombstones', params: [] }
    return [...before.rows, ...after.rows]
  }
  assert.deepEqual(await reader.snapshot(countTwice), [{ total: 0 }, { total: 0 }])
  assert.deepEqual(await reader.all('select id from tombstones'), [{ id: 'x' }])

  // biome-ignore lint/correctness/useYield: it fails before it asks for anything
  function* broken(): Statements<void> {
    throw new Error('a bug')
  }
  await assert.rejects(reader.snapshot(broken), /a bug/)
  assert.deepEqual(await reader.snapshot(countTwiceAgain), [{ total: 1 }])
  function* countTwiceAgain(): Statements<readonly unknown[]> {
    return (yield { sql: 'select count(*) as total from tombstones', params: [] }).rows
  }
})

test('a reader cannot write', async (t) => {
  const { reader } = await scene(t)
  await assert.rejects(reader.all('delete from secrets'), isUnavailable)
})

test('a folder that goes is unavailable within a quarter of a second, and heals when it comes back', async (t) => {
  const { fresh, reader, time, events } = await scene(t)
  const folder = dirname(fresh.path)
  renameSync(folder, `${folder}.away`)
  t.after(() => rmSync(`${folder}.away`, { recursive: true, force: true }))
  time.nowMs += 250
  await assert.rejects(reader.first(COUNT), isUnavailable)
  await assert.rejects(reader.first(COUNT), isUnavailable)
  renameSync(`${folder}.away`, folder)
  assert.deepEqual(await reader.first(COUNT), { total: 0 })
  assert.deepEqual(
    events.map(({ type }) => type),
    ['connectionOpened', 'connectionLost', 'connectionOpened'],
  )
})

test('a file put in the place of the old one is read, one of another schema is not', async (t) => {
  const { fresh, reader, time } = await scene(t)
  await fresh.database.deployment.establish('a'.repeat(32), NOW)
  await fresh.database.close()
  copyFileSync(fresh.path, `${fresh.path}.backup`)
  writeFileSync(`${fresh.path}.empty`, '')
  renameSync(`${fresh.path}.empty`, fresh.path)
  time.nowMs += 250
  await assert.rejects(reader.first(COUNT), isUnavailable)
  await assert.rejects(reader.first(COUNT), isUnavailable)
  renameSync(`${fresh.path}.backup`, fresh.path)
  assert.deepEqual(await reader.first(COUNT), { total: 0 })
})

test('bytes that are no database are unavailable, not a crash and not an empty answer', async (t) => {
  const { fresh, reader, time } = await scene(t)
  writeFileSync(`${fresh.path}.garbage`, Buffer.alloc(65_536, 0x5a))
  renameSync(`${fresh.path}.garbage`, fresh.path)
  time.nowMs += 250
  await assert.rejects(reader.first(COUNT), isUnavailable)
})
