import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ProjectKey } from '../../../src/crypto/projectKey.ts'
import { MemoryKekStore } from '../../support/memoryKekStore.ts'
import { MemoryProjectKeys } from '../../support/memoryProjectKeys.ts'
import { DEPLOYMENT_ID, ManualClock, nodeOver, read, refuses } from './cryptoRoom.ts'
import { PROJECT, SECRET, store } from './records.ts'

/** A node with two KEK stores; `chosen` says where new records go. */
function twoStores(limits = {}) {
  const chosen = { name: 'memory' }
  const second = new MemoryKekStore(undefined, 'memory:b')
  const first = new MemoryKekStore()
  const parts = {
    kekStore: first,
    otherStores: [second],
    storeChoice: { of: () => chosen.name },
    projectKeys: new MemoryProjectKeys(),
    clock: new ManualClock(),
    deploymentId: DEPLOYMENT_ID,
    limits,
  }
  const node = nodeOver(parts)
  return {
    ...node,
    chosen,
    first,
    second,
    another: (other = {}) => nodeOver({ ...parts, ...other }),
  }
}

describe('a keyring over two KEK stores', () => {
  test('makes a key in each that is chosen, and goes back to the first one', async () => {
    const room = twoStores()
    const a = await room.keyring.active(PROJECT)
    room.chosen.name = 'memory:b'
    const b = await room.keyring.active(PROJECT)
    room.chosen.name = 'memory'
    assert.equal(room.keyring.active(PROJECT), a)
    assert.deepEqual(
      room.projectKeys.rows.map(({ store, term }) => ({ store, term })),
      [
        { store: 'memory', term: 1 },
        { store: 'memory:b', term: 1 },
      ],
    )
    assert.deepEqual([a.store, b.store], ['memory', 'memory:b'])
    assert.deepEqual(
      [room.first.calls, room.second.calls].map(({ wrap }) => wrap),
      [1, 1],
    )
  })

  test('opens what was sealed in either, whatever is chosen now, on this node and on another', async () => {
    const room = twoStores()
    const one = await store(room, SECRET, Buffer.from('in a'))
    room.chosen.name = 'memory:b'
    const two = await store(room, SECRET, Buffer.from('in b'))
    for (const node of [room, room.another()]) {
      assert.equal((await read(node, one)).toString(), 'in a')
      assert.equal((await read(node, two)).toString(), 'in b')
    }
  })

  test('counts wraps of each term by itself, so that going back and forth wastes none', async () => {
    const room = twoStores()
    for (let turn = 0; turn < 10; turn += 1) {
      room.chosen.name = turn % 2 === 0 ? 'memory' : 'memory:b'
      await room.keyring.activeForWrap(PROJECT)
    }
    assert.equal(room.projectKeys.calls.reserveWraps, 2)
  })

  test('a store that is away fails its own reads and writes, and nothing else', async () => {
    const room = twoStores()
    const one = await store(room, SECRET, Buffer.from('in a'))
    room.chosen.name = 'memory:b'
    const two = await store(room, SECRET, Buffer.from('in b'))
    const node = room.another()
    room.second.mood = 'down'
    assert.equal((await read(node, one)).toString(), 'in a')
    await refuses(read(node, two), 'unavailable')
    await refuses(Promise.resolve(node.keyring.active(PROJECT)), 'unavailable')
    room.chosen.name = 'memory'
    assert.ok((await node.keyring.active(PROJECT)) instanceof ProjectKey)
    room.second.mood = 'well'
    assert.equal((await read(node, two)).toString(), 'in b')
    assert.deepEqual(node.findings, [])
  })

  test('a key past its age is served stale only while its own store is away', async () => {
    const room = twoStores()
    const a = await room.keyring.active(PROJECT)
    room.chosen.name = 'memory:b'
    const b = await room.keyring.active(PROJECT)
    room.clock.advance(901)
    room.second.mood = 'down'
    // The first to ask waits for the store and learns that it is away.
    assert.equal(await room.keyring.find(b.id), b)
    assert.equal(room.keyring.find(b.id), b)
    const again = room.keyring.find(a.id)
    assert.ok(again instanceof Promise, 'the store of this key answers: it is fetched anew')
    assert.notEqual(await again, a)
  })

  test('a project key moved to the name of the other store does not open: an alarm', async () => {
    const room = twoStores()
    const { id } = await room.keyring.active(PROJECT)
    room.projectKeys.tamper((row) => ({ ...row, store: 'memory:b' }))
    const node = room.another()
    await refuses(Promise.resolve(node.keyring.find(id)), 'corrupted')
    assert.equal(node.findings.length, 1)
  })

  test('a purge forgets the keys of both', async () => {
    const room = twoStores()
    const a = await room.keyring.active(PROJECT)
    room.chosen.name = 'memory:b'
    const b = await room.keyring.active(PROJECT)
    room.keyring.purge(PROJECT)
    for (const { id } of [a, b]) assert.ok(room.keyring.find(id) instanceof Promise)
    room.chosen.name = 'memory'
    assert.ok(room.keyring.active(PROJECT) instanceof Promise)
  })

  test('says of every call and every new term which store it was', async () => {
    const room = twoStores()
    room.chosen.name = 'memory:b'
    await room.keyring.active(PROJECT)
    const stores = room.events.flatMap((event) => ('store' in event ? [event.store] : []))
    assert.deepEqual(stores, ['memory:b', 'memory:b'])
  })

  test('refuses two stores of one name', () => {
    assert.throws(() => {
      nodeOver({
        kekStore: new MemoryKekStore(),
        otherStores: [new MemoryKekStore()],
        projectKeys: new MemoryProjectKeys(),
        clock: new ManualClock(),
        deploymentId: DEPLOYMENT_ID,
        limits: {},
      })
    }, /one name/)
  })
})
