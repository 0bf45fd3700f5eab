import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ProjectDeletions, timeAfter } from '../../../src/domain/projectDeletions.ts'
import type { ProjectEvent } from '../../../src/domain/projectEvent.ts'
import { ProjectShredding } from '../../../src/domain/projectShredding.ts'
import { unavailable } from '../../../src/lib/fault.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import { Project } from '../../contract/recordsForRepositories.ts'
import { DoorClock } from '../../support/doorClock.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

type Look = () => Promise<'present' | 'missing'>

async function scene(t: TestContext, look?: Look, options: { isDryRun?: boolean } = {}) {
  const clock = new DoorClock()
  const { database, execute } = await freshDatabase(t, { clock })
  const project = await Project.make({ ...database, execute })
  const events: ProjectEvent[] = []
  const forgotten: ProjectId[] = []
  let woken = 0
  const shreddingOf = (owner: string) =>
    new ProjectShredding({
      deletions: database.deletions,
      directory: look && { look, proveSight: async () => undefined },
      forgetKeys: (id) => void forgotten.push(id),
      owner,
      clock,
      onEvent: (event) => void events.push(event),
    })
  const deletions = new ProjectDeletions({
    deletions: database.deletions,
    clock,
    graceSeconds: 3600,
    isDryRun: options.isDryRun ?? false,
    onNoted: () => {
      woken += 1
    },
    onEvent: (event) => void events.push(event),
  })
  const rows = (table: string): number =>
    Number(execute(`select count(*) as total from ${table}`)[0]?.['total'])
  const state = () => execute('select state from projects')[0]?.['state']
  return {
    ...{ clock, database, project, events, forgotten, shreddingOf, deletions, rows, state },
    shredding: shreddingOf('a'),
    types: () => events.map(({ type }) => type),
    woken: () => woken,
  }
}
const always = async () => true

test('a note tells of it, wakes who works on it, and is due when the grace is over', async (t) => {
  const { deletions, project, clock, shredding, types, woken } = await scene(t)
  await deletions.note(project.id, 'notification')
  await deletions.note(project.id, 'notification')
  await deletions.note('nobody' as ProjectId, 'notification')
  assert.deepEqual(types(), ['noted', 'known', 'unknown'])
  assert.equal(woken(), 1)
  clock.advanceSeconds(3590)
  assert.equal(await shredding.claim(), undefined)
  clock.advanceSeconds(11)
  assert.equal((await shredding.claim())?.projectId, project.id)
})

test('a dry run notes nothing and tells of it', async (t) => {
  const { deletions, project, types, woken, state } = await scene(t, undefined, { isDryRun: true })
  await deletions.note(project.id, 'poll')
  assert.deepEqual(types(), ['spared'])
  assert.equal(woken(), 0)
  assert.equal(state(), 'live')
})

test('keys are destroyed and forgotten ahead of the first row, and rows go in batches', async (t) => {
  const { database, deletions, project, clock, shredding, forgotten, events, rows, state } =
    await scene(t)
  for (let index = 0; index < 250; index += 1) await database.secrets.insert(project.secret())
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const task = await shredding.claim()
  assert.ok(task !== undefined)
  const left: number[] = []
  await shredding.perform(task, async () => {
    left.push(rows('secrets'))
    assert.deepEqual(forgotten, [project.id])
    return true
  })
  assert.deepEqual(left, [150, 50])
  assert.deepEqual(
    events.map((event) => event.type),
    ['noted', 'keysDestroyed', 'removed', 'removed', 'removed', 'shredded'],
  )
  assert.equal(rows('project_keys'), 0)
  assert.equal(rows('tombstones'), 250)
  assert.equal(state(), 'shredded')
  assert.equal(forgotten.length, 2)
})

test('whoever is told to stop gives the rest to another at once', async (t) => {
  const { database, deletions, project, clock, shredding, shreddingOf, rows } = await scene(t)
  for (let index = 0; index < 150; index += 1) await database.secrets.insert(project.secret())
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const task = await shredding.claim()
  assert.ok(task !== undefined)
  await shredding.perform(task, async () => false)
  assert.equal(rows('secrets'), 50)
  const another = shreddingOf('b')
  const rest = await another.claim()
  assert.equal(rest?.state, 'shredding')
  await another.perform(rest, always)
  assert.equal(rows('secrets'), 0)
})

test('what Keystone still has is kept, and nothing of it is destroyed', async (t) => {
  const { database, deletions, project, clock, shredding, types, state } = await scene(
    t,
    async () => 'present',
  )
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const task = await shredding.claim()
  assert.ok(task !== undefined)
  await shredding.perform(task, always)
  assert.deepEqual(types(), ['noted', 'reappeared'])
  assert.equal(state(), 'live')
  assert.equal((await database.projectKeys.active(project.id, 'keyring'))?.state, 'active')
})

test('while Keystone cannot be asked nothing is destroyed, and it is asked again a minute later', async (t) => {
  let isAway = true
  const { deletions, project, clock, shredding, types, state } = await scene(t, async () => {
    if (isAway) throw unavailable('Keystone cannot be reached.')
    return 'missing'
  })
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const first = await shredding.claim()
  assert.ok(first !== undefined)
  await shredding.perform(first, always)
  assert.deepEqual(types(), ['noted', 'unconfirmed'])
  assert.equal(state(), 'doomed')
  assert.equal(await shredding.claim(), undefined)
  clock.advanceSeconds(61)
  isAway = false
  const second = await shredding.claim()
  assert.ok(second !== undefined)
  await shredding.perform(second, always)
  assert.equal(state(), 'shredded')
})

test('a dead holder whose clock was an hour ahead is followed after a minute; a live one has it, whatever our clock says', async (t) => {
  const { deletions, database, project, clock, shreddingOf, events, state } = await scene(t)
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const heir = shreddingOf('heir')
  const minute = async (look: () => Promise<unknown>) => {
    for (let seconds = 0; seconds <= 60; seconds += 10) {
      await look()
      await heir.freeWhatStandsStill()
      clock.advanceSeconds(10)
    }
    await heir.freeWhatStandsStill()
  }
  const inAnHour = () => ({ owner: 'other', now: clock.now(), until: timeAfter(clock, 3660) })
  assert.ok((await database.deletions.claim(inAnHour())) !== undefined)
  // It moves, an hour behind or ahead of us.
  await minute(() => database.deletions.destroyKeys(project.id, inAnHour()))
  const behind = () => ({ owner: 'other', now: clock.now(), until: timeAfter(clock, -3540) })
  await minute(() => database.deletions.destroyKeys(project.id, behind()))
  assert.equal(await heir.claim(), undefined)
  await database.deletions.destroyKeys(project.id, inAnHour())
  await minute(async () => assert.equal(await heir.claim(), undefined))
  const task = await heir.claim()
  assert.ok(task !== undefined)
  assert.equal(events.filter(({ type }) => type === 'freed').length, 1)
  await heir.perform(task, always)
  assert.equal(state(), 'shredded')
})

test('who did not look for a while takes nothing from anybody', async (t) => {
  const { deletions, database, project, clock, shreddingOf } = await scene(t)
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const heir = shreddingOf('heir')
  const lease = { owner: 'other', now: clock.now(), until: timeAfter(clock, 60) }
  await database.deletions.claim(lease)
  await heir.freeWhatStandsStill()
  clock.advanceSeconds(600)
  await heir.freeWhatStandsStill()
  assert.equal(await heir.claim(), undefined)
})

test('an operator’s word is not asked about, and what is half shredded is finished without asking', async (t) => {
  const { database, project, clock, shredding, state } = await scene(t, async () => {
    throw new Error('nobody should ask')
  })
  const deletion = { source: 'operator', now: clock.now(), notBefore: clock.now() } as const
  await database.deletions.note(project.id, deletion)
  const task = await shredding.claim(project.id)
  assert.ok(task !== undefined)
  await shredding.perform(task, always)
  assert.equal(state(), 'shredded')
})

test('one that was kept while Keystone was asked is not destroyed', async (t) => {
  const parts = await scene(t, async () => {
    await parts.database.deletions.keep(parts.project.id)
    return 'missing'
  })
  const { deletions, project, clock, shredding, state, types } = parts
  await deletions.note(project.id, 'notification')
  clock.advanceSeconds(3601)
  const task = await shredding.claim()
  assert.ok(task !== undefined)
  await shredding.perform(task, always)
  assert.deepEqual(types(), ['noted'])
  assert.equal(state(), 'live')
})

test('times are counted from now, in either direction', () => {
  const clock = new DoorClock()
  clock.set('2026-11-22T12:00:00Z')
  assert.equal(timeAfter(clock, 60), '2026-11-22T12:01:00.000000')
  assert.equal(timeAfter(clock, -3600), '2026-11-22T11:00:00.000000')
})
