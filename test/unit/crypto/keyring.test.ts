import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { ProjectKey } from '../../../src/crypto/projectKey.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import { cryptoRoom, refuses } from './cryptoRoom.ts'
import { OTHER_PROJECT, PROJECT } from './records.ts'

/** A room that has made PROJECT's key, and a second node that has not seen it yet. */
async function twoNodes(limits = {}) {
  const room = cryptoRoom(limits)
  const { id } = await room.keyring.active(PROJECT)
  return { room, id, node: room.anotherNode() }
}

describe('the keyring', () => {
  test('100 first writes at once make one key with one call of the KEK store', async () => {
    const room = cryptoRoom()
    const keys = await Promise.all(
      Array.from({ length: 100 }, () => room.keyring.activeForWrap(PROJECT)),
    )
    assert.equal(new Set(keys).size, 1)
    assert.equal(room.projectKeys.rows.length, 1)
    assert.deepEqual(room.kekStore.calls, { wrap: 1, unwrap: 0 })
    assert.equal(room.projectKeys.calls.reserveWraps, 1)
  })

  test('100 first reads at once make one call of the KEK store', async () => {
    const { room, id, node } = await twoNodes()
    const keys = await Promise.all(Array.from({ length: 100 }, () => node.keyring.find(id)))
    assert.equal(new Set(keys).size, 1)
    assert.equal(room.kekStore.calls.unwrap, 1)
    assert.equal(room.projectKeys.calls.find, 1)
  })

  test('a key at hand is answered without a promise, a database or a KEK store', async () => {
    const { room, id } = await twoNodes()
    const before = { ...room.projectKeys.calls }
    assert.ok(room.keyring.find(id) instanceof ProjectKey)
    assert.ok(room.keyring.active(PROJECT) instanceof ProjectKey)
    assert.deepEqual(room.projectKeys.calls, before)
    assert.equal(room.kekStore.calls.unwrap, 0)
  })

  test('two nodes that write first at once agree on one key', async () => {
    const room = cryptoRoom()
    const nodes = [room, room.anotherNode(), room.anotherNode()]
    const keys = await Promise.all(nodes.map((node) => node.keyring.active(PROJECT)))
    assert.equal(new Set(keys.map((key) => Buffer.from(key.id).toString('hex'))).size, 1)
    assert.equal(room.projectKeys.rows.length, 1)
    const terms = nodes.flatMap((node) => node.events).filter((event) => event.kind === 'newTerm')
    assert.deepEqual(terms, [
      { kind: 'newTerm', projectId: PROJECT, store: 'memory', term: 1, reason: 'first' },
    ])
  })

  test('a key whose row does not exist is not found', async () => {
    const { room, id, node } = await twoNodes()
    room.projectKeys.tamper(() => undefined)
    assert.equal(await node.keyring.find(id), undefined)
  })

  test('is gone from the cache when its row is gone at the next look', async () => {
    const { room, id } = await twoNodes()
    room.projectKeys.tamper(() => undefined)
    room.clock.advance(901)
    assert.equal(await room.keyring.find(id), undefined)
    assert.equal(await room.keyring.find(id), undefined)
  })

  test('makes no second first key for a project whose key row is gone: that is an alarm', async () => {
    const { room, node } = await twoNodes()
    room.projectKeys.tamper(() => undefined)
    room.projectKeys.projectsWithRecords.add(PROJECT)
    await refuses(Promise.resolve(node.keyring.active(PROJECT)), 'corrupted')
    assert.equal(room.projectKeys.rows.length, 0)
    assert.deepEqual(
      node.findings.map(({ kind, projectId }) => ({ kind, projectId })),
      [{ kind: 'project-key', projectId: PROJECT }],
    )
  })

  test('strict mode keeps nothing: every look-up asks database and KEK store', async () => {
    const { room, id } = await twoNodes({ ttlSeconds: 0 })
    await room.keyring.find(id)
    await room.keyring.find(id)
    await room.keyring.active(PROJECT)
    assert.equal(room.kekStore.calls.unwrap, 3)
    assert.equal(room.projectKeys.calls.find, 2)
  })

  test('strict mode serves nothing stale', async () => {
    const { room, id } = await twoNodes({ ttlSeconds: 0, staleSeconds: 600 })
    await room.keyring.find(id)
    room.kekStore.mood = 'down'
    await refuses(Promise.resolve(room.keyring.find(id)), 'unavailable')
  })

  test('strict mode still shares the call under way and its block of wraps', async () => {
    const { room, id } = await twoNodes({ ttlSeconds: 0 })
    await Promise.all(Array.from({ length: 50 }, () => room.keyring.find(id)))
    assert.equal(room.kekStore.calls.unwrap, 1)
    await room.keyring.activeForWrap(PROJECT)
    await room.keyring.activeForWrap(PROJECT)
    assert.equal(room.projectKeys.calls.reserveWraps, 1)
  })

  test('a purge makes the next look-up ask again, for that project alone', async () => {
    const { room, id } = await twoNodes()
    const other = await room.keyring.active(OTHER_PROJECT)
    room.keyring.purge(PROJECT)
    assert.ok(room.keyring.find(other.id) instanceof ProjectKey)
    assert.ok(room.keyring.find(id) instanceof Promise)
    await room.keyring.find(id)
    assert.equal(room.kekStore.calls.unwrap, 1)
  })

  test('what was under way during a purge is not kept', async () => {
    const { id, node } = await twoNodes()
    const underWay = node.keyring.find(id)
    node.keyring.purge(PROJECT)
    assert.ok((await underWay) instanceof ProjectKey)
    assert.ok(node.keyring.find(id) instanceof Promise)
  })

  test('keeps at most as many keys as it may', async () => {
    const room = cryptoRoom({ maxEntries: 2 })
    const projects = ['p1', 'p2', 'p3'] as ProjectId[]
    const keys = []
    for (const project of projects) keys.push(await room.keyring.active(project))
    const atHand = keys.map((key) => room.keyring.find(key.id) instanceof ProjectKey)
    assert.deepEqual(atHand, [false, true, true])
  })

  test('prints no bytes of any key', async () => {
    const { room, id } = await twoNodes()
    const key = await room.keyring.find(id)
    assert.ok(key)
    assert.doesNotMatch(
      inspect(room.keyring, { depth: 20, showHidden: true }),
      /KeyObject|Buffer|Uint8Array/,
    )
    const printed = inspect(key, { depth: 20, showHidden: true })
    assert.doesNotMatch(printed, /KeyObject/)
    assert.deepEqual(Object.keys(key), ['id', 'projectId', 'store', 'term'])
  })

  test('tells metrics of hits, misses and calls, and nothing else', async () => {
    const { room, id, node } = await twoNodes()
    await node.keyring.find(id)
    room.clock.advance(1)
    await node.keyring.find(id)
    assert.deepEqual(node.events, [
      { kind: 'lookup', outcome: 'miss' },
      { kind: 'kekCall', store: 'memory', operation: 'unwrap', outcome: 'done', durationMs: 0 },
      { kind: 'lookup', outcome: 'hit' },
    ])
  })
})
