import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { KekStore } from '../../src/domain/ports/crypto.ts'
import { Fault } from '../../src/lib/fault.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { MemoryProjectKeys } from '../support/memoryProjectKeys.ts'
import { DEPLOYMENT_ID, ManualClock, nodeOver, refuses } from '../unit/crypto/cryptoRoom.ts'

export interface StoreThatLeaves {
  readonly store: KekStore
  takeAway(): Promise<void> | void
  /** Also where it was not away. */
  bringBack(): Promise<void> | void
  /** Of one call: short for a store that does not say that it is away. */
  readonly kekTimeoutMs?: number
}

const TTL = 900
const STALE = 600
const KNOWN = 'known' as ProjectId
const NEW = 'new' as ProjectId

/** Counts what reaches the store, and how much of it at once. */
function counted(store: KekStore) {
  const count = { calls: 0, atOnce: 0, mostAtOnce: 0 }
  const counting = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
    count.calls += 1
    count.atOnce += 1
    count.mostAtOnce = Math.max(count.mostAtOnce, count.atOnce)
    // One that was given up is waited for by nobody.
    const { promise: givenUp, resolve } = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => resolve(), { once: true })
    const working = work()
    const settled = working.then(
      () => undefined,
      () => undefined,
    )
    void Promise.race([settled, givenUp]).then(() => {
      count.atOnce -= 1
    })
    return working
  }
  const counter: KekStore = {
    name: store.name,
    describe: () => store.describe(),
    wrap: (key, context, signal) => counting(signal, () => store.wrap(key, context, signal)),
    unwrap: (wrapped, context, signal) =>
      counting(signal, () => store.unwrap(wrapped, context, signal)),
    health: (signal) => store.health(signal),
    close: () => store.close(),
  }
  return { count, counter }
}

function roomOver({ store, kekTimeoutMs = 5_000 }: StoreThatLeaves, limits = {}) {
  const { count, counter } = counted(store)
  const parts = {
    kekStore: counter,
    projectKeys: new MemoryProjectKeys(),
    clock: new ManualClock(),
    deploymentId: DEPLOYMENT_ID,
    limits: { ttlSeconds: TTL, staleSeconds: STALE, kekTimeoutMs, ...limits },
  }
  return { ...nodeOver(parts), count, anotherNode: () => nodeOver(parts) }
}

type Room = ReturnType<typeof roomOver>

/** Asks until it is answered; each time later by the clock of the room, as a caller who heeds Retry-After. */
async function untilAnswered<T>(room: Room, ask: () => T | Promise<T>): Promise<T> {
  const endMs = performance.now() + 60_000
  for (;;) {
    try {
      return await ask()
    } catch (cause) {
      if (!(cause instanceof Fault && cause.kind === 'unavailable')) throw cause
      assert.ok(performance.now() < endMs, `It did not come back: ${cause.message}`)
      room.clock.advance(1)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

async function comesBackLater(work: unknown): Promise<void> {
  const fault = await refuses(Promise.resolve(work), 'unavailable')
  assert.ok(Number(fault.headers['Retry-After']) >= 1)
}

/** What holds while a KEK store is away, of whatever kind. `open` gives a new one each time. */
export function kekStoreAwayContract(name: string, open: () => Promise<StoreThatLeaves>): void {
  describe(`while the KEK store is away: ${name}`, { timeout: 180_000 }, () => {
    test('reads of cached projects go on within the bound, and not beyond', async (t) => {
      const place = await open()
      t.after(() => place.bringBack())
      const room = roomOver(place)
      const { id } = await room.keyring.active(KNOWN)
      await place.takeAway()
      for (let passed = 0; passed + 60 < TTL + STALE; passed += 60) {
        assert.equal((await room.keyring.find(id))?.projectId, KNOWN)
        room.clock.advance(60)
      }
      room.clock.advance(61)
      await comesBackLater(room.keyring.find(id))
    })

    test('in strict mode not even the next read', async (t) => {
      const place = await open()
      t.after(() => place.bringBack())
      const room = roomOver(place, { ttlSeconds: 0 })
      const { id } = await room.keyring.active(KNOWN)
      await place.takeAway()
      await comesBackLater(room.keyring.find(id))
    })

    test('writes to known projects go on; the first one of another is to come back later', async (t) => {
      const place = await open()
      t.after(() => place.bringBack())
      const room = roomOver(place)
      await room.keyring.activeForWrap(KNOWN)
      await place.takeAway()
      await comesBackLater(room.keyring.activeForWrap(NEW))
      assert.ok(await room.keyring.activeForWrap(KNOWN))
      room.clock.advance(TTL + 1)
      assert.ok(await room.keyring.activeForWrap(KNOWN))
    })

    test('after a few tries it is left alone: a thousand requests make no call', async (t) => {
      const place = await open()
      t.after(() => place.bringBack())
      const room = roomOver(place)
      await place.takeAway()
      while (!room.events.some(({ kind }) => kind === 'kekStoreAway')) {
        await comesBackLater(room.keyring.active(NEW))
      }
      const before = room.count.calls
      const projects = Array.from({ length: 1000 }, (_, index) => `project ${index}` as ProjectId)
      await Promise.all(projects.map((project) => comesBackLater(room.keyring.active(project))))
      assert.equal(room.count.calls, before)
    })

    test('it comes back by itself, and a few hundred projects that waited do not fall upon it', async (t) => {
      const place = await open()
      t.after(() => place.bringBack())
      const room = roomOver(place)
      const projects = Array.from({ length: 300 }, (_, index) => `project ${index}` as ProjectId)
      const keys = await Promise.all(projects.map((project) => room.keyring.active(project)))
      const node = { ...room, ...room.anotherNode() }
      await place.takeAway()
      const [first] = keys
      assert.ok(first)
      while (!node.events.some(({ kind }) => kind === 'kekStoreAway')) {
        await comesBackLater(node.keyring.find(first.id))
      }
      await place.bringBack()
      await untilAnswered(node, () => node.keyring.find(first.id))
      assert.equal(node.events.filter(({ kind }) => kind === 'kekStoreBack').length, 1)
      const before = room.count.calls
      room.count.mostAtOnce = 0
      const askers = [...keys, ...keys, ...keys]
      const found = await Promise.all(askers.map(({ id }) => node.keyring.find(id)))
      assert.deepEqual(
        found.map((key) => key?.projectId),
        askers.map((key) => key.projectId),
      )
      assert.equal(room.count.calls - before, projects.length - 1)
      assert.ok(room.count.mostAtOnce <= 16, `${room.count.mostAtOnce} calls at once`)
      assert.ok(await node.keyring.activeForWrap(NEW))
      assert.equal(node.findings.length, 0)
    })
  })
}
