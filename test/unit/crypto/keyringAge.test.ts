import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { ProjectKey } from '../../../src/crypto/projectKey.ts'
import { cryptoRoom, refuses } from './cryptoRoom.ts'
import { OTHER_PROJECT, PROJECT } from './records.ts'

const TTL = 900
const STALE = 600

async function roomWithKey(limits = {}) {
  const room = cryptoRoom(limits)
  const key = await room.keyring.active(PROJECT)
  return { room, key, id: key.id, find: () => room.keyring.find(key.id) }
}

/** Lets background work that needs no time come to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function collectGarbage(): Promise<void> {
  // A WeakRef that was looked through holds its target until the turn is over.
  await settle()
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

describe('the age of a key', () => {
  test('past its TTL a key is unwrapped again before it is used', async () => {
    const { room, key, find } = await roomWithKey()
    room.clock.advance(TTL)
    const found = find()
    assert.ok(found instanceof Promise)
    assert.notEqual(await found, key)
    assert.equal(room.kekStore.calls.unwrap, 1)
  })

  test('shortly before, it is fetched again in the background and nobody waits', async () => {
    const { room, key, find } = await roomWithKey()
    room.clock.advance(TTL * 0.7)
    find()
    await settle()
    assert.equal(room.kekStore.calls.unwrap, 0)
    room.clock.advance(TTL * 0.2)
    assert.equal(find(), key)
    assert.equal(find(), key)
    await settle()
    assert.equal(room.kekStore.calls.unwrap, 1)
    room.clock.advance(TTL * 0.7)
    assert.ok(find() instanceof ProjectKey)
    assert.notEqual(find(), key)
  })

  test('nobody asks, nobody calls: an idle key is not fetched again', async () => {
    const { room, find } = await roomWithKey()
    room.clock.advance(TTL * 10)
    await settle()
    assert.equal(room.kekStore.calls.unwrap, 0)
    await find()
    assert.equal(room.kekStore.calls.unwrap, 1)
  })

  test('a background fetch that finds the row gone takes the key away', async () => {
    const { room, find } = await roomWithKey()
    room.projectKeys.tamper(() => undefined)
    room.clock.advance(TTL * 0.9)
    assert.ok(find() instanceof ProjectKey)
    await settle()
    assert.equal(await find(), undefined)
  })

  test('a background fetch that finds damage raises the alarm, and past the TTL nothing is served', async () => {
    const { room, find } = await roomWithKey()
    room.projectKeys.tamper((row) => ({ ...row, commitment: Buffer.alloc(32) }))
    room.clock.advance(TTL * 0.9)
    find()
    await settle()
    assert.equal(room.findings.length, 1)
    room.clock.advance(TTL * 0.1)
    await refuses(Promise.resolve(find()), 'corrupted')
  })
})

describe('an idle key', () => {
  test('leaves memory when its time is over, though nobody asks for it', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    const room = cryptoRoom()
    const key = new WeakRef(await room.keyring.active(PROJECT))
    await collectGarbage()
    assert.notEqual(key.deref(), undefined)
    room.clock.advance(TTL + STALE + 1)
    t.mock.timers.tick((TTL + STALE + 1) * 1000)
    await collectGarbage()
    assert.equal(key.deref(), undefined)
    assert.equal(room.projectKeys.rows.length, 1)
  })
})

describe('with the KEK store away', () => {
  test('a key past its TTL is served, up to the bound and not beyond', async () => {
    const { room, key, find } = await roomWithKey()
    room.kekStore.mood = 'down'
    room.clock.advance(TTL)
    assert.equal(await find(), key)
    room.clock.advance(STALE - 1)
    assert.equal(await find(), key)
    room.clock.advance(1)
    const fault = await refuses(Promise.resolve(find()), 'unavailable')
    assert.ok(Number(fault.headers['Retry-After']) > 0)
  })

  test('only the first one waits for it; the others are served at once', async () => {
    const { room, key, find } = await roomWithKey()
    room.kekStore.mood = 'down'
    room.clock.advance(TTL)
    assert.ok(find() instanceof Promise)
    await settle()
    assert.equal(find(), key)
    assert.ok(room.events.some((event) => event.kind === 'lookup' && event.outcome === 'stale'))
  })

  test('it is asked again every few seconds, not by every request', async () => {
    const { room, find } = await roomWithKey()
    room.kekStore.mood = 'down'
    room.clock.advance(TTL)
    await find()
    const before = room.kekStore.calls.unwrap
    for (let request = 0; request < 50; request += 1) find()
    await settle()
    assert.equal(room.kekStore.calls.unwrap, before)
    room.clock.advance(6)
    for (let request = 0; request < 50; request += 1) find()
    await settle()
    assert.equal(room.kekStore.calls.unwrap, before + 1)
  })

  test('one key of many probes it', async () => {
    const { room, find } = await roomWithKey()
    const other = await room.keyring.active(OTHER_PROJECT)
    room.kekStore.mood = 'down'
    room.clock.advance(TTL)
    await Promise.all([find(), room.keyring.find(other.id)])
    const before = room.kekStore.calls.unwrap
    room.clock.advance(6)
    find()
    room.keyring.find(other.id)
    await settle()
    assert.equal(room.kekStore.calls.unwrap, before + 1)
  })

  test('once it is back, fresh keys are served again', async () => {
    const { room, key, find } = await roomWithKey()
    room.kekStore.mood = 'down'
    room.clock.advance(TTL)
    await find()
    room.kekStore.mood = 'well'
    room.clock.advance(6)
    find()
    await settle()
    const found = find()
    assert.ok(found instanceof ProjectKey && found !== key)
  })

  test('a project with a key at hand still writes; one without is told to come back', async () => {
    const { room } = await roomWithKey()
    room.kekStore.mood = 'down'
    assert.ok(await room.keyring.activeForWrap(PROJECT))
    room.clock.advance(TTL + 1)
    assert.ok(await room.keyring.activeForWrap(PROJECT))
    const fault = await refuses(
      Promise.resolve(room.keyring.activeForWrap(OTHER_PROJECT)),
      'unavailable',
    )
    assert.ok(Number(fault.headers['Retry-After']) > 0)
  })

  test('a store that never answers is given up after its time', async () => {
    const { room, id } = await roomWithKey()
    const node = room.anotherNode({ limits: { kekTimeoutMs: 5 } })
    room.kekStore.mood = 'silent'
    const fault = await refuses(Promise.resolve(node.keyring.find(id)), 'unavailable')
    assert.match(String(fault.cause), /No answer within 5 ms/)
    assert.equal(room.findings.length, 0)
  })

  test('with the database away as well, a key past its TTL is served within the bound', async () => {
    const { room, key, find } = await roomWithKey()
    room.projectKeys.isDown = true
    room.clock.advance(TTL)
    assert.equal(await find(), key)
    room.clock.advance(STALE)
    await refuses(Promise.resolve(find()), 'unavailable')
  })
})
