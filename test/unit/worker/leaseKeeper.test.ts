import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { LeaseRepository, LeaseSeen } from '../../../src/domain/ports/leases.ts'
import { unavailable } from '../../../src/lib/fault.ts'
import { LeaseKeeper, type LeaseKeeperParts } from '../../../src/worker/leaseKeeper.ts'
import { leaseRepositoryContract } from '../../contract/leaseRepositoryContract.ts'

/** Held to the contract of all leases below. */
class MemoryLeases implements LeaseRepository {
  readonly #leases = new Map<string, LeaseSeen>()

  async look(name: string): Promise<LeaseSeen | undefined> {
    return this.#leases.get(name)
  }

  async take(name: string, owner: string, seen: LeaseSeen | undefined): Promise<boolean> {
    const present = this.#leases.get(name)
    if (present?.beat !== seen?.beat) return false
    this.#leases.set(name, { owner, beat: present === undefined ? 0 : present.beat + 1 })
    return true
  }

  async beat(name: string, owner: string): Promise<boolean> {
    return this.#change(name, owner, owner)
  }

  async release(name: string, owner: string): Promise<void> {
    this.#change(name, owner, null)
  }

  #change(name: string, owner: string, next: string | null): boolean {
    const present = this.#leases.get(name)
    if (present?.owner !== owner) return false
    this.#leases.set(name, { owner: next, beat: present.beat + 1 })
    return true
  }
}

const memory = new MemoryLeases()
leaseRepositoryContract('in memory', async () => ({ leases: memory }))

const TIMES = { lookEveryMs: 5, beatEveryMs: 5, stillMs: 200, unsureMs: 100 }
/** Whoever waits until a lease stood still waits longer than these tests do. */
const LONG = { ...TIMES, stillMs: 600_000, unsureMs: 300_000 }

/** Keepers over one lease, and who of them is at work. */
function room(t: { after(work: () => Promise<void>): unknown }) {
  const leases = new MemoryLeases()
  const atWork = new Set<string>()
  let most = 0
  const events: string[] = []
  const keeper = (owner: string, changes: Partial<LeaseKeeperParts> = {}) => {
    const made = new LeaseKeeper({
      leases,
      name: 'it',
      owner,
      work: async (signal) => {
        atWork.add(owner)
        most = Math.max(most, atWork.size)
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        atWork.delete(owner)
      },
      monotonicMs: () => performance.now(),
      wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
      onEvent: (event) =>
        void events.push(`${owner} ${event.type}${event.type === 'lost' ? ` ${event.why}` : ''}`),
      times: TIMES,
      ...changes,
    })
    t.after(() => made.stop())
    made.start()
    return made
  }
  const until = async (isSo: () => boolean, what: string): Promise<void> => {
    const late = performance.now() + 60_000
    while (!isSo()) {
      assert.ok(performance.now() < late, `${what}: ${events}`)
      await delay(2)
    }
  }
  return { leases, atWork, events, keeper, until, most: () => most }
}

test('of many one works, and when it stops another does at once', async (t) => {
  const { keeper, atWork, until, most } = room(t)
  const keepers = new Map(['a', 'b', 'c'].map((name) => [name, keeper(name, { times: LONG })]))
  await until(() => atWork.size === 1, 'nobody works')
  const [first = ''] = atWork
  await keepers.get(first)?.stop()
  await until(() => atWork.size === 1, 'nobody follows, as if the other had died')
  assert.ok(!atWork.has(first))
  assert.equal(most(), 1)
})

test('one that dies is followed once its lease stood still, and not sooner', async (t) => {
  const { leases, keeper, atWork, until } = room(t)
  await leases.take('it', 'dead', undefined)
  const startedMs = performance.now()
  keeper('heir')
  await until(() => atWork.has('heir'), 'nobody follows')
  assert.ok(performance.now() - startedMs >= TIMES.stillMs)
})

test('one whose lease is taken stops', async (t) => {
  const { leases, keeper, atWork, events, until } = room(t)
  const cutOff = keeper('a')
  await until(() => atWork.has('a'), 'it does not work')
  assert.equal(cutOff.isHolder, true)
  // Between its look and ours it may beat.
  while (!(await leases.take('it', 'thief', await leases.look('it'))));
  await until(() => !atWork.has('a'), 'it goes on')
  assert.ok(events.includes('a lost another'))
})

test('one that is not told whether the lease is still its own stops before others take it', async (t) => {
  const { leases, keeper, atWork, events, until, most } = room(t)
  let isAway = false
  const away: LeaseRepository = {
    look: (name) => leases.look(name),
    take: (...args) => leases.take(...args),
    // It does not even fail: it hangs.
    beat: (...args) => (isAway ? new Promise(() => undefined) : leases.beat(...args)),
    release: () => Promise.reject(unavailable('away')),
  }
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>()
  let worksAlone = true
  new LeaseKeeper({
    leases: away,
    name: 'it',
    owner: 'a',
    work: async (signal) => {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      worksAlone = atWork.size === 0
      stop()
    },
    monotonicMs: () => performance.now(),
    wait: (ms, signal) => delay(ms, undefined, { signal }).catch(() => undefined),
    onEvent: ({ type }) => void events.push(`a ${type}`),
    times: TIMES,
  }).start()
  await until(() => events.includes('a taken'), 'it does not work')
  keeper('b')
  isAway = true
  await stopped
  assert.ok(worksAlone)
  await until(() => atWork.has('b'), 'nobody follows')
  assert.equal(most(), 1)
})

test('a lease whose taking was answered with an error is its own all the same', async (t) => {
  const { leases, keeper, atWork, events, until } = room(t)
  let failures = 1
  const unsure: LeaseRepository = {
    look: (name) => leases.look(name),
    beat: (...args) => leases.beat(...args),
    release: (...args) => leases.release(...args),
    take: async (...args) => {
      const isTaken = await leases.take(...args)
      failures -= 1
      if (failures >= 0) throw unavailable('The change may or may not be written.')
      return isTaken
    },
  }
  keeper('a', { leases: unsure, times: LONG })
  await until(() => atWork.has('a'), 'it does not work')
  assert.ok(events.includes('a blocked'))
})
