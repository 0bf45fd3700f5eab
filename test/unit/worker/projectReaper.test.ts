import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { DeletionsSeen, DeletionTask } from '../../../src/domain/ports/projectDeletions.ts'
import type { ProjectEvent } from '../../../src/domain/projectEvent.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import { ProjectReaper, type ProjectReaperParts } from '../../../src/worker/projectReaper.ts'
import { DoorClock } from '../../support/doorClock.ts'

const NOTHING: DeletionsSeen = { isAnythingDue: false, keysGone: [], owners: [] }
const TASK: DeletionTask = {
  projectId: 'p' as ProjectId,
  state: 'doomed',
  source: 'notification',
}

function scene(t: TestContext, changes: Partial<ProjectReaperParts> = {}) {
  const seen: DeletionsSeen[] = []
  const tasks: DeletionTask[] = []
  const performed: DeletionTask[] = []
  const forgotten: ProjectId[] = []
  const released: string[] = []
  const waited: number[] = []
  const events: ProjectEvent[] = []
  let looks = 0
  let signings = 0
  const reaper = new ProjectReaper({
    deletions: {
      look: async () => {
        looks += 1
        return seen.shift() ?? NOTHING
      },
      releaseAllOf: async (owner) => void released.push(owner),
    },
    shredding: {
      claim: async () => tasks.shift(),
      perform: async (task) => void performed.push(task),
      freeWhatStandsStill: async () => undefined,
    },
    poll: undefined,
    pollEverySeconds: 0,
    forgetKeys: (id) => void forgotten.push(id),
    reporting: {
      signAll: async () => {
        signings += 1
        return 0
      },
    },
    processes: { own: 'me', isDead: (mark) => mark === 'dead' },
    clock: new DoorClock(),
    wait: async (ms, signal) => {
      waited.push(ms)
      await delay(60_000, undefined, { signal, ref: false }).catch(() => undefined)
    },
    onEvent: (event) => void events.push(event),
    ...changes,
  })
  t.after(() => reaper.stop())
  const settled = async (isTrue: () => boolean): Promise<void> => {
    for (let tries = 0; !isTrue(); tries += 1) {
      assert.ok(tries < 1000, 'it does not come')
      await delay(1)
    }
  }
  return {
    ...{ reaper, seen, tasks, performed, forgotten, released, waited, events, settled },
    looks: () => looks,
    signings: () => signings,
  }
}

test('it forgets keys that are gone at every look, and sleeps for ten seconds where nothing is due', async (t) => {
  const { reaper, seen, forgotten, waited, settled, performed } = scene(t)
  seen.push({ ...NOTHING, keysGone: ['a' as ProjectId, 'b' as ProjectId] })
  reaper.start()
  await settled(() => waited.length === 1)
  assert.deepEqual(forgotten, ['a', 'b'])
  assert.deepEqual(waited, [10_000])
  assert.deepEqual(performed, [])
})

test('what is due is done one after the other without a pause, and a note wakes it', async (t) => {
  const { reaper, seen, tasks, performed, waited, settled } = scene(t)
  const due = { ...NOTHING, isAnythingDue: true }
  seen.push(due, due)
  tasks.push(TASK, { ...TASK, projectId: 'q' as ProjectId })
  reaper.start()
  await settled(() => waited.length === 1)
  assert.deepEqual(
    performed.map(({ projectId }) => projectId),
    ['p', 'q'],
  )
  seen.push(due)
  tasks.push({ ...TASK, projectId: 'r' as ProjectId })
  reaper.wake()
  await settled(() => performed.length === 3)
})

test('a note that comes while it works is not slept over', async (t) => {
  const { reaper, seen, tasks, performed, settled, looks } = scene(t, {
    shredding: {
      claim: async () => tasks.shift(),
      perform: async (task) => {
        performed.push(task)
        if (performed.length > 1) return
        reaper.wake()
      },
      freeWhatStandsStill: async () => undefined,
    },
  })
  const due = { ...NOTHING, isAnythingDue: true }
  seen.push(due)
  tasks.push(TASK)
  reaper.start()
  await settled(() => looks() >= 2)
  assert.equal(performed.length, 1)
})

test('it takes from the dead what they held, and from nobody else', async (t) => {
  const { reaper, seen, tasks, released, performed, settled } = scene(t)
  seen.push({ ...NOTHING, owners: ['dead', 'me', 'alive'] })
  tasks.push(TASK)
  reaper.start()
  await settled(() => performed.length === 1)
  assert.deepEqual(released, ['dead'])
})

test('a failure is told, and it looks again later', async (t) => {
  const { reaper, seen, tasks, events, waited, performed, settled } = scene(t, {
    shredding: {
      claim: async () => tasks.shift(),
      perform: async (task) => {
        performed.push(task)
        if (performed.length === 1) throw new Error('the database is away')
      },
      freeWhatStandsStill: async () => undefined,
    },
  })
  const due = { ...NOTHING, isAnythingDue: true }
  seen.push(due, due)
  tasks.push(TASK, TASK)
  reaper.start()
  await settled(() => waited.length === 1)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['blocked'],
  )
  reaper.wake()
  await settled(() => performed.length === 2)
})

test('it polls beside its work, tells of failures, and stops', async (t) => {
  let passes = 0
  const { reaper, events, settled } = scene(t, {
    poll: {
      pass: async () => {
        passes += 1
        if (passes === 1) throw new Error('Keystone is away')
      },
    },
    pollEverySeconds: 7200,
    wait: async (ms, signal) => {
      // The longest time between two tries is a minute, whatever the interval.
      if (ms === 60_000 && passes < 2) return
      await delay(60_000, undefined, { signal, ref: false }).catch(() => undefined)
    },
  })
  reaper.start()
  await settled(() => passes === 2)
  assert.deepEqual(
    events.map(({ type }) => type),
    ['pollFailed'],
  )
  await reaper.stop()
})

test('one that never started stops at once', async (t) => {
  await scene(t).reaper.stop()
})

test('it signs what an earlier process left when it starts, and what it has done itself', async (t) => {
  const { reaper, seen, tasks, signings, settled, waited } = scene(t)
  reaper.start()
  await settled(() => waited.length === 1)
  assert.equal(signings(), 1)
  seen.push({ ...NOTHING, isAnythingDue: true })
  tasks.push(TASK)
  reaper.wake()
  await settled(() => waited.length === 2)
  assert.equal(signings(), 2)
})

test('what cannot be signed is told, and tried again at the next look', async (t) => {
  let isBroken = true
  const reporting = {
    signAll: async () => {
      if (isBroken) throw new Error('no key')
      return 1
    },
  }
  const { reaper, events, settled, waited } = scene(t, { reporting })
  const unsigned = () => events.filter(({ type }) => type === 'unsigned').length
  reaper.start()
  await settled(() => waited.length === 1)
  reaper.wake()
  await settled(() => waited.length === 2)
  assert.equal(unsigned(), 2)
  isBroken = false
  reaper.wake()
  await settled(() => waited.length === 3)
  reaper.wake()
  await settled(() => waited.length === 4)
  assert.equal(unsigned(), 2)
})
