import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Database, type DatabaseOptions, openDatabase } from '../../src/db/database.ts'
import { systemClock } from '../../src/lib/clock.ts'
import type { Secret } from '../../src/model/secret.ts'
import { aQuery, NOW, Project, type WithMac } from '../contract/recordsForRepositories.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import { NEEDS_MOUNT, smallDisk } from './mountedDisk.ts'
import { assertAllThere, healed, insertAll } from './survivors.ts'

const skip = NEEDS_MOUNT
const execute = () => {
  throw new Error('These tests keep to the repositories.')
}

async function open(folder: string, options: Partial<DatabaseOptions> = {}): Promise<Database> {
  const url = `sqlite:///${join(folder, 'gatehouse.db')}`
  return openDatabase({ url, clock: systemClock(), ...options })
}

function bigSecrets(project: Project, count: number): readonly WithMac<Secret>[] {
  return Array.from({ length: count }, () =>
    project.secret({ envelope: Buffer.concat([project.envelope(), randomBytes(20_000)]) }),
  )
}

test('a disk that fills up refuses, keeps what it promised, and serves again when there is room', {
  skip,
}, async (t) => {
  const { folder } = smallDisk(t, 6 * 1024)
  const database = await open(folder)
  t.after(() => database.close())
  const project = await Project.make({ ...database, execute })
  await database.deployment.establish('a'.repeat(32), NOW)
  const filler = join(folder, 'filler')
  writeFileSync(filler, Buffer.alloc(3 * 1024 * 1024))

  // Batches of 40: some commit, then one meets the end of the disk in the middle of its pages.
  const kept: WithMac<Secret>[] = []
  let refused = 0
  while (refused === 0) {
    const batch = bigSecrets(project, 40)
    const stored = await insertAll(database, batch)
    refused += batch.length - stored.length
    kept.push(...stored)
  }
  assert.ok(kept.length > 0, 'the disk was full from the start')
  await assertAllThere(database, kept)
  const [doomed] = kept as [WithMac<Secret>]
  // The log keeps the room it has: small changes may still pass, one that needs more never does.
  assert.deepEqual(await insertAll(database, bigSecrets(project, 200)), [])
  await assertAllThere(database, kept)

  rmSync(filler)
  const after = bigSecrets(project, 10)
  await healed(() => database.health.check(AbortSignal.timeout(5_000)))
  assert.equal((await insertAll(database, after)).length, 10)
  await assertAllThere(database, [...kept, ...after])
  assert.equal(await database.secrets.remove(doomed.id, doomed.rowMac, NOW, 'remove'), 'changed')

  await database.close()
  const again = await open(folder)
  t.after(() => again.close())
  await assertAllThere(again, [...kept.slice(1), ...after])
  assert.equal(await again.secrets.find(doomed.id), undefined)
})

test('of a shared commit that does not fit, nobody is acknowledged and nothing is written', {
  skip,
}, async (t) => {
  const { folder } = smallDisk(t, 4 * 1024)
  const database = await open(folder)
  t.after(() => database.close())
  const project = await Project.make({ ...database, execute })
  // 250 x 20 kB in one batch: more than the disk, though each would fit alone.
  const batch = bigSecrets(project, 250)
  assert.deepEqual(await insertAll(database, batch), [])
  assert.equal((await database.secrets.list(aQuery(project))).total, 0)
  const alone = bigSecrets(project, 1)
  assert.equal((await insertAll(database, alone)).length, 1)
  await assertAllThere(database, alone)
})

test('a disk that is full at the start is one sentence, and data on it still starts', {
  skip,
}, async (t) => {
  const { folder } = smallDisk(t, 2 * 1024)
  const first = await open(folder)
  const project = await Project.make({ ...first, execute })
  const secrets = bigSecrets(project, 5)
  assert.equal((await insertAll(first, secrets)).length, 5)
  await first.close()

  const filler = join(folder, 'filler')
  try {
    writeFileSync(filler, Buffer.alloc(4 * 1024 * 1024))
  } catch {
    // Filled to the last page: that is the point.
  }
  await assert.rejects(open(join(folder), {}), /cannot be (opened|written)/)
  rmSync(filler)
  const again = await open(folder)
  t.after(() => again.close())
  await assertAllThere(again, secrets)
})

test('without any disk to fill: a bound on the pages acts the same', async (t) => {
  const { database, execute: beside } = await freshDatabase(t, {
    writer: { weakening: { maxPageCount: 100 } },
  })
  const project = await Project.make({ ...database, execute: beside })
  const batch = bigSecrets(project, 40)
  const stored = await insertAll(database, batch)
  assert.ok(stored.length > 0 && stored.length < batch.length, `${stored.length} of 40 fit`)
  await assertAllThere(database, stored)
  assert.equal((await database.secrets.list(aQuery(project))).total, stored.length)

  // Room again: what was deleted is used again, without a restart.
  for (const { id, rowMac } of stored) await database.secrets.remove(id, rowMac, NOW, 'remove')
  const [one] = bigSecrets(project, 1) as [WithMac<Secret>]
  assert.equal(await database.secrets.insert(one), 'inserted')
})
