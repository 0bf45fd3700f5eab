import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CertificateCounts } from '../../../src/domain/ports/certificateRepositories.ts'
import { NOTHING_PURGED, type Purged, type PurgeOrder } from '../../../src/domain/purge.ts'
import {
  Housekeeper,
  type HousekeeperParts,
  type HousekeepingRun,
} from '../../../src/worker/housekeeper.ts'
import { DoorClock } from '../../support/doorClock.ts'

const DAY = 86_400
const NOTHING_ENDS = { expired: 0, within1Day: 0, within7Days: 0, within30Days: 0 }

/** Time that passes when the test says so. */
class Waits {
  readonly asked: number[] = []
  #go: (() => void) | undefined
  #isAsked = Promise.withResolvers<void>()

  readonly wait = (ms: number, signal: AbortSignal): Promise<void> => {
    this.asked.push(ms)
    this.#isAsked.resolve()
    return new Promise((resolve) => {
      this.#go = resolve
      signal.addEventListener('abort', () => resolve())
      if (signal.aborted) resolve()
    })
  }

  /** When the first wait has begun. */
  begun(): Promise<void> {
    return this.#isAsked.promise
  }

  /** Lets the wait under way end, and returns when the next one has begun. */
  async pass(): Promise<void> {
    this.#isAsked = Promise.withResolvers()
    this.#go?.()
    await this.#isAsked.promise
  }
}

function housekeeperOf(changes: Partial<HousekeeperParts> = {}) {
  const waits = new Waits()
  const orders: [string, PurgeOrder][] = []
  const runs: HousekeepingRun[] = []
  /** How many purges came before each look at certificates. */
  const rounds: number[] = []
  const counts: (CertificateCounts | undefined)[] = []
  const failures: unknown[] = []
  const purgeOf = (name: string, removed: number) => ({
    run: async (order: PurgeOrder): Promise<Purged> => {
      orders.push([name, order])
      return { ...NOTHING_PURGED, removed }
    },
  })
  const clock = new DoorClock()
  clock.set('2026-11-22T12:00:00Z')
  const housekeeper = new Housekeeper({
    expiredSecrets: purgeOf('secrets', 3),
    tombstones: purgeOf('tombstones', 2),
    certificates: {
      count: async () => NOTHING_ENDS,
      run: async () => void rounds.push(orders.length),
    },
    onCertificateEnding: () => undefined,
    onCertificates: (it) => void counts.push(it),
    clock,
    intervalSeconds: 3600,
    keepExpired: 90 * DAY,
    keepTombstones: 365 * DAY,
    wait: waits.wait,
    onRun: (run) => void runs.push(run),
    onFailure: (error) => void failures.push(error),
    ...changes,
  })
  const start = async (): Promise<void> => {
    housekeeper.start()
    await waits.begun()
  }
  return { housekeeper, start, waits, orders, runs, rounds, counts, failures }
}

test('the first run comes one interval after the start, the next one an interval later', async () => {
  const { housekeeper, start, waits, orders, runs } = housekeeperOf()
  await start()
  assert.deepEqual(waits.asked, [3_600_000])
  assert.equal(orders.length, 0)
  await waits.pass()
  assert.deepEqual(waits.asked, [3_600_000, 3_600_000])
  assert.deepEqual(
    orders.map(([name, { before }]) => [name, before]),
    [
      ['secrets', '2026-08-24T12:00:00.000000'],
      ['tombstones', '2025-11-22T12:00:00.000000'],
    ],
  )
  assert.equal(runs[0]?.expiredSecrets.removed, 3)
  assert.equal(runs[0]?.tombstones.removed, 2)
  await waits.pass()
  assert.equal(runs.length, 2)
  await housekeeper.stop()
})

test('an interval of 0 never runs', async () => {
  const { housekeeper, waits } = housekeeperOf({ intervalSeconds: 0 })
  housekeeper.start()
  assert.deepEqual(waits.asked, [])
  await housekeeper.stop()
})

test('what is kept for ever is not looked at', async () => {
  const kept = housekeeperOf({ keepExpired: 'forever' })
  await kept.start()
  await kept.waits.pass()
  assert.deepEqual(
    kept.orders.map(([name]) => name),
    ['tombstones'],
  )
  await kept.housekeeper.stop()
  const remembered = housekeeperOf({ keepTombstones: 'forever' })
  await remembered.start()
  await remembered.waits.pass()
  assert.deepEqual(
    remembered.orders.map(([name]) => name),
    ['secrets'],
  )
  await remembered.housekeeper.stop()
})

test('a task that fails is told, the others go on, and the next interval tries again', async () => {
  let calls = 0
  const { housekeeper, start, waits, failures, runs, orders, counts } = housekeeperOf({
    expiredSecrets: {
      run: async () => {
        calls += 1
        if (calls === 1) throw new Error('the KEK store is away')
        return { ...NOTHING_PURGED, removed: 1 }
      },
    },
  })
  await start()
  await waits.pass()
  assert.match(String(failures), /away/)
  assert.deepEqual(
    orders.map(([name]) => name),
    ['tombstones'],
  )
  assert.equal(counts.length, 2)
  assert.deepEqual([runs[0]?.failures, runs[0]?.tombstones.removed], [1, 2])
  await waits.pass()
  assert.equal(failures.length, 1)
  assert.deepEqual([runs[1]?.failures, runs[1]?.expiredSecrets.removed], [0, 1])
  await housekeeper.stop()
})

test('between two batches it pauses; stopped, it ends with the batch under way', async () => {
  const batches: boolean[] = []
  const { housekeeper, start, waits, runs, orders } = housekeeperOf({
    expiredSecrets: {
      run: async ({ goesOn }) => {
        for (;;) {
          const goOn = await goesOn()
          batches.push(goOn)
          if (!goOn) return { ...NOTHING_PURGED, removed: batches.length }
        }
      },
    },
  })
  await start()
  await waits.pass()
  await waits.pass()
  await waits.pass()
  assert.deepEqual(waits.asked, [3_600_000, 50, 50, 50])
  assert.deepEqual(batches, [true, true])
  await housekeeper.stop()
  assert.deepEqual(batches, [true, true, false])
  // Half a run counts what it did; the other half was not begun.
  assert.equal(runs[0]?.expiredSecrets.removed, 3)
  assert.equal(orders.length, 0)
})

test('certificates are looked at ahead of what is purged, and counted at the start and after each run', async () => {
  const { housekeeper, start, waits, orders, rounds, counts } = housekeeperOf()
  await start()
  assert.deepEqual(counts, [NOTHING_ENDS])
  assert.deepEqual(rounds, [])
  await waits.pass()
  assert.deepEqual(rounds, [0])
  assert.equal(orders.length, 2)
  assert.deepEqual(counts, [NOTHING_ENDS, NOTHING_ENDS])
  await housekeeper.stop()
  // Whoever is not at it any more does not know any more.
  assert.deepEqual(counts.at(-1), undefined)
})

test('where certificates cannot be looked at, the purge is not held up, and the other way round', async () => {
  const one = housekeeperOf({
    certificates: {
      count: async () => NOTHING_ENDS,
      run: async () => {
        throw new Error('a row is damaged')
      },
    },
  })
  await one.start()
  await one.waits.pass()
  assert.match(String(one.failures), /damaged/)
  assert.equal(one.orders.length, 2)
  assert.equal(one.runs.length, 1)
  await one.housekeeper.stop()
  const other = housekeeperOf({
    expiredSecrets: { run: () => Promise.reject(new Error('the KEK store is away')) },
  })
  await other.start()
  await other.waits.pass()
  assert.match(String(other.failures), /away/)
  assert.deepEqual(other.rounds, [0])
  await other.housekeeper.stop()
})

test('a first count that fails is told, and the runs come all the same', async () => {
  let calls = 0
  const { housekeeper, start, waits, failures, runs } = housekeeperOf({
    certificates: {
      count: async () => {
        calls += 1
        if (calls === 1) throw new Error('the database is away')
        return NOTHING_ENDS
      },
      run: async () => undefined,
    },
  })
  await start()
  assert.match(String(failures), /away/)
  await waits.pass()
  assert.equal(runs.length, 1)
  await housekeeper.stop()
})

test('stopping one that never started returns at once', async () => {
  await housekeeperOf().housekeeper.stop()
})
