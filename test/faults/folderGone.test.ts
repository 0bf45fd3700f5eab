import assert from 'node:assert/strict'
import { cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Project } from '../contract/recordsForRepositories.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import {
  assertAllThere,
  assertUnavailable,
  healed,
  insertAll,
  NOTICED_AFTER_MS,
} from './survivors.ts'

test('a folder that is moved away and back: unavailable meanwhile, nothing made in its place, nothing lost', async (t) => {
  const { database, path, execute } = await freshDatabase(t)
  const project = await Project.make({ ...database, execute })
  const before = Array.from({ length: 10 }, () => project.secret())
  await insertAll(database, before)
  const folder = dirname(path)

  renameSync(folder, `${folder}.away`)
  const during = Array.from({ length: 10 }, () => project.secret())
  assert.deepEqual(await insertAll(database, during), [])
  await delay(NOTICED_AFTER_MS)
  await assert.rejects(database.secrets.find(project.secret().id), assertUnavailable)
  await assert.rejects(database.health.check(AbortSignal.timeout(5_000)), assertUnavailable)
  assert.ok(!existsSync(folder))

  renameSync(`${folder}.away`, folder)
  await healed(() => database.health.check(AbortSignal.timeout(5_000)))
  assert.equal((await insertAll(database, during)).length, 10)
  await assertAllThere(database, [...before, ...during])
})

test('a folder that is deleted under load acknowledges nothing into the void, and serves the backup', async (t) => {
  const { database, path, execute } = await freshDatabase(t)
  const project = await Project.make({ ...database, execute })
  const before = Array.from({ length: 10 }, () => project.secret())
  await insertAll(database, before)
  const folder = dirname(path)
  const backup = `${folder}.backup`
  t.after(() => rmSync(backup, { recursive: true, force: true }))
  // Files are copied, not SQLite's pages: allowed, for nobody writes.
  cpSync(folder, backup, { recursive: true })

  const insert = () => insertAll(database, [project.secret()])
  const underLoad = Array.from({ length: 50 }, async (_, i) => {
    await delay(i)
    return insert()
  })
  await delay(10)
  rmSync(folder, { recursive: true })
  await Promise.all(underLoad)
  assert.deepEqual(await insert(), [])
  await delay(NOTICED_AFTER_MS)
  await assert.rejects(database.secrets.find(before[0]?.id as never), assertUnavailable)

  renameSync(backup, folder)
  await healed(() => database.health.check(AbortSignal.timeout(5_000)))
  const after = [project.secret()]
  assert.equal((await insertAll(database, after)).length, 1)
  await assertAllThere(database, [...before, ...after])
})
