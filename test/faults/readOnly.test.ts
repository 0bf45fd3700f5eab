import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { StartupRefusal } from '../../src/lib/startupRefusal.ts'
import { NOW, Project } from '../contract/recordsForRepositories.ts'
import { breakableDisk, NEEDS_LOOP, NEEDS_MOUNT, readOnlyView, smallDisk } from './mountedDisk.ts'
import {
  assertAllThere,
  assertUnavailable,
  healed,
  insertAll,
  NOTICED_AFTER_MS,
} from './survivors.ts'

const execute = () => {
  throw new Error('These tests keep to the repositories.')
}
const urlIn = (folder: string) => `sqlite:///${join(folder, 'gatehouse.db')}`
const WRITER_THREAD = new URL('../../src/db/writerThread.ts', import.meta.url)

test('a disk that turns read-only under open files refuses writes, reads on, and heals when it is back', {
  skip: NEEDS_LOOP,
}, async (t) => {
  const disk = breakableDisk(t, 16)
  const database = await openDatabase({ url: urlIn(disk.folder), clock: systemClock() })
  t.after(() => database.close())
  const project = await Project.make({ ...database, execute })
  await database.deployment.establish('a'.repeat(32), NOW)
  const before = Array.from({ length: 20 }, () => project.secret())
  assert.equal((await insertAll(database, before)).length, 20)

  disk.abort()
  const during = Array.from({ length: 20 }, () => project.secret())
  assert.deepEqual(await insertAll(database, during), [])
  await assert.rejects(database.health.check(AbortSignal.timeout(5_000)), assertUnavailable)
  await assertAllThere(database, before)

  // What an operator does: take it out, repair it, put it back.
  disk.detach()
  assert.deepEqual(await insertAll(database, during), [])
  await delay(NOTICED_AFTER_MS)
  await assert.rejects(assertAllThere(database, before), assertUnavailable)
  disk.mount()
  await healed(() => database.health.check(AbortSignal.timeout(5_000)))
  const after = Array.from({ length: 20 }, () => project.secret())
  assert.equal((await insertAll(database, after)).length, 20)
  await assertAllThere(database, [...before, ...after])
})

test('a writer that finds the folder read-only refuses writes, and heals when it is not', {
  skip: NEEDS_MOUNT,
}, async (t) => {
  const { folder } = smallDisk(t, 4 * 1024)
  const threads: Worker[] = []
  const database = await openDatabase({
    url: urlIn(folder),
    clock: systemClock(),
    writer: {
      startThread: (data) => {
        const thread = new Worker(WRITER_THREAD, { workerData: data })
        threads.push(thread)
        return thread
      },
    },
  })
  t.after(() => database.close())
  const project = await Project.make({ ...database, execute })
  await database.deployment.establish('a'.repeat(32), NOW)
  const before = [project.secret()]
  await insertAll(database, before)

  const view = readOnlyView(folder)
  try {
    await threads[0]?.terminate()
    const during = [project.secret()]
    for (let attempt = 0; attempt < 5; attempt += 1) {
      assert.deepEqual(await insertAll(database, during), [])
      await delay(100)
    }
    await assertAllThere(database, before)
  } finally {
    // The reader holds files of the view or of what lies under it: either may keep the other busy.
    view.lift()
  }
  await healed(() => database.health.check(AbortSignal.timeout(5_000)))
  const after = [project.secret()]
  assert.equal((await insertAll(database, after)).length, 1)
  await assertAllThere(database, [...before, ...after])
})

test('a start on a read-only folder is refused in one sentence', {
  skip: NEEDS_MOUNT,
}, async (t) => {
  const { folder } = smallDisk(t, 4 * 1024)
  const first = await openDatabase({ url: urlIn(folder), clock: systemClock() })
  await first.close()
  const view = readOnlyView(folder)
  try {
    await assert.rejects(
      openDatabase({ url: urlIn(folder), clock: systemClock() }),
      (error: unknown) => {
        assert.ok(error instanceof StartupRefusal)
        assert.match(error.message, /cannot be (opened|written)/)
        return true
      },
    )
  } finally {
    view.lift()
  }
})
