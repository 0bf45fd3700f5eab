import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ProjectDeletions } from '../../../src/domain/projectDeletions.ts'
import type { ProjectEvent } from '../../../src/domain/projectEvent.ts'
import { ProjectPoll } from '../../../src/domain/projectPoll.ts'
import { unavailable } from '../../../src/lib/fault.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import { Project } from '../../contract/recordsForRepositories.ts'
import { DoorClock } from '../../support/doorClock.ts'
import { freshDatabase } from '../../support/freshDatabase.ts'

const HOUR = 3600

async function scene(t: TestContext, projects: number) {
  const clock = new DoorClock()
  const { database, execute } = await freshDatabase(t, { clock })
  const ids: ProjectId[] = []
  for (let index = 0; index < projects; index += 1) {
    ids.push((await Project.make({ ...database, execute })).id)
  }
  const events: ProjectEvent[] = []
  const gone = new Set<ProjectId>()
  const waits: number[] = []
  const asked: ProjectId[] = []
  const sight = { isProven: true, failsAt: Number.POSITIVE_INFINITY }
  const onEvent = (event: ProjectEvent) => void events.push(event)
  const pollOf = (owner: string) =>
    new ProjectPoll({
      polls: database.deletions,
      directory: {
        proveSight: async () => {
          if (!sight.isProven) throw unavailable('blind')
        },
        look: async (id) => {
          asked.push(id)
          if (asked.length >= sight.failsAt) throw unavailable('Keystone cannot be reached.')
          return gone.has(id) ? 'missing' : 'present'
        },
      },
      deletions: new ProjectDeletions({
        deletions: database.deletions,
        clock,
        graceSeconds: 0,
        isDryRun: false,
        onNoted: () => undefined,
        onEvent,
      }),
      owner,
      clock,
      intervalSeconds: HOUR,
      projectsPerSecond: 10,
      mostMissing: 0.1,
      wait: async (ms) => void waits.push(ms),
      onEvent,
    })
  const doomed = () =>
    execute("select project_id from projects where state = 'doomed'").map(
      (row) => row['project_id'],
    )
  const missing = () =>
    execute("select project_id from projects where state = 'missing'").map(
      (row) => row['project_id'],
    )
  const poll = pollOf('a')
  const signal = new AbortController().signal
  return {
    ...{ clock, database, ids, events, gone, waits, asked, sight, poll, pollOf, doomed, missing },
    last: () => events.at(-1)?.type,
    pass: () => poll.pass(signal),
  }
}

test('a project is taken for deleted when it is missing twice, an interval apart', async (t) => {
  const { ids, gone, pass, doomed, missing, clock, last } = await scene(t, 3)
  const [lost] = ids
  assert.ok(lost !== undefined)
  gone.add(lost)
  await pass()
  assert.deepEqual(doomed(), [])
  assert.deepEqual(missing(), [lost])
  clock.advanceSeconds(HOUR - 10)
  await pass()
  assert.deepEqual(doomed(), [], 'too soon: nobody is asked')
  clock.advanceSeconds(20)
  await pass()
  assert.deepEqual(doomed(), [lost])
  assert.equal(last(), 'polled')
})

test('one that is seen in between has to be missed twice again', async (t) => {
  const { ids, gone, pass, doomed, missing, clock } = await scene(t, 3)
  const [lost] = ids
  assert.ok(lost !== undefined)
  gone.add(lost)
  await pass()
  clock.advanceSeconds(HOUR + 1)
  gone.clear()
  await pass()
  assert.deepEqual(missing(), [])
  clock.advanceSeconds(HOUR + 1)
  gone.add(lost)
  await pass()
  assert.deepEqual(doomed(), [])
  clock.advanceSeconds(HOUR + 1)
  await pass()
  assert.deepEqual(doomed(), [lost])
})

test('where all are missing, even the only one, nothing is believed', async (t) => {
  for (const projects of [1, 3]) {
    const { ids, gone, pass, doomed, missing, clock, last } = await scene(t, projects)
    for (const id of ids) gone.add(id)
    for (let passes = 0; passes < 4; passes += 1) {
      await pass()
      clock.advanceSeconds(HOUR + 1)
      assert.equal(last(), 'disbelieved')
    }
    assert.deepEqual([...doomed(), ...missing()], [])
  }
})

test('of many a tenth may be missing at once, and not one more', async (t) => {
  const { ids, gone, pass, doomed, clock, last } = await scene(t, 30)
  for (const id of ids.slice(0, 4)) gone.add(id)
  for (let passes = 0; passes < 3; passes += 1) {
    await pass()
    clock.advanceSeconds(HOUR + 1)
    assert.equal(last(), 'disbelieved')
  }
  assert.deepEqual(doomed(), [])
  gone.delete(ids[0] as ProjectId)
  await pass()
  clock.advanceSeconds(HOUR + 1)
  await pass()
  assert.equal(doomed().length, 3)
})

test('without proof that it would see a project, it asks about none', async (t) => {
  const { gone, ids, pass, asked, sight, doomed, missing } = await scene(t, 3)
  gone.add(ids[0] as ProjectId)
  sight.isProven = false
  await assert.rejects(pass(), /blind/)
  assert.deepEqual(asked, [])
  assert.deepEqual([...doomed(), ...missing()], [])
})

test('a pass that breaks off counts for nothing, and the next need not wait', async (t) => {
  const { gone, ids, pass, asked, sight, missing } = await scene(t, 5)
  gone.add(ids.toSorted()[0] as ProjectId)
  sight.failsAt = 4
  await assert.rejects(pass(), /cannot be reached/)
  assert.deepEqual(missing(), [])
  sight.failsAt = Number.POSITIVE_INFINITY
  asked.length = 0
  await pass()
  assert.equal(asked.length, 5)
  assert.equal(missing().length, 1)
})

test('of many nodes one asks in an interval, about each project once, no faster than told', async (t) => {
  const { ids, asked, waits, pollOf, clock, pass } = await scene(t, 120)
  const signal = new AbortController().signal
  await Promise.all([pass(), pollOf('b').pass(signal), pollOf('c').pass(signal)])
  assert.deepEqual(asked, ids.toSorted())
  assert.deepEqual(new Set(waits), new Set([100]))
  await pollOf('b').pass(signal)
  assert.equal(asked.length, 120)
  clock.advanceSeconds(HOUR + 1)
  await pollOf('b').pass(signal)
  assert.equal(asked.length, 240)
})

test('told to stop, it stops within a project, and judges nothing', async (t) => {
  const { ids, gone, poll, missing, events } = await scene(t, 5)
  gone.add(ids[0] as ProjectId)
  const stop = new AbortController()
  stop.abort()
  await poll.pass(stop.signal)
  assert.deepEqual(missing(), [])
  assert.deepEqual(events, [])
})
