import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { cryptoRoom, type Node, refuses } from './cryptoRoom.ts'
import { PROJECT } from './records.ts'

const DAY = 86_400

/** How many DEKs each term wrapped, as told by the keys handed out. */
async function wrap(node: Node, count: number): Promise<Map<number, number>> {
  const used = new Map<number, number>()
  for (let wraps = 0; wraps < count; wraps += 1) {
    const { term } = await node.keyring.activeForWrap(PROJECT)
    used.set(term, (used.get(term) ?? 0) + 1)
  }
  return used
}

function statesOf(node: Node): readonly (readonly [number, string])[] {
  return node.projectKeys.rows.map((row) => [row.term, row.state] as const)
}

function reservedOfTerm(node: Node, term: number): number {
  const row = node.projectKeys.rows.find((candidate) => candidate.term === term)
  assert.ok(row)
  return node.projectKeys.reservedOf(row.id)
}

describe('counting wraps', () => {
  test('a block is in the database before the first of it is used', async () => {
    const room = cryptoRoom({ wrapBlock: 8 })
    await wrap(room, 1)
    assert.equal(reservedOfTerm(room, 1), 8)
    await wrap(room, 7)
    assert.equal(reservedOfTerm(room, 1), 8)
    await wrap(room, 1)
    assert.equal(reservedOfTerm(room, 1), 16)
  })

  test('a reservation that fails hands out no key', async () => {
    const room = cryptoRoom()
    await room.keyring.active(PROJECT)
    room.projectKeys.isDown = true
    await refuses(Promise.resolve(room.keyring.activeForWrap(PROJECT)), 'unavailable')
    room.projectKeys.isDown = false
    await wrap(room, 1)
  })

  test('a crash between reserving and using wastes the block and never counts too little', async () => {
    const limits = { wrapBlock: 8, maxWrapsPerTerm: 32 }
    const room = cryptoRoom(limits)
    let used = 0
    for (let crashes = 0; crashes < 4; crashes += 1) {
      // Every "process" takes three of its block of eight and is gone.
      const wraps = await wrap(room.anotherNode(), 3)
      used += wraps.get(1) ?? 0
      assert.ok(reservedOfTerm(room, 1) >= used)
    }
    assert.equal(reservedOfTerm(room, 1), 32)
    assert.deepEqual(await wrap(room.anotherNode(), 1), new Map([[2, 1]]))
  })

  test('the next term begins by itself at the limit, and no term wraps more', async () => {
    const room = cryptoRoom({ wrapBlock: 4, maxWrapsPerTerm: 10 })
    const used = await wrap(room, 25)
    assert.deepEqual(
      used,
      new Map([
        [1, 10],
        [2, 10],
        [3, 5],
      ]),
    )
    assert.deepEqual(statesOf(room), [
      [1, 'decrypt-only'],
      [2, 'decrypt-only'],
      [3, 'active'],
    ])
    assert.deepEqual(
      room.events
        .filter((event) => event.kind === 'newTerm')
        .map(({ term, reason }) => [term, reason]),
      [
        [1, 'first'],
        [2, 'count'],
        [3, 'count'],
      ],
    )
  })

  test('two nodes that use one term together do not wrap more than it may', async () => {
    const room = cryptoRoom({ wrapBlock: 4, maxWrapsPerTerm: 12 })
    const nodes = [room, room.anotherNode()]
    const used = new Map<number, number>()
    for (let round = 0; round < 20; round += 1) {
      for (const node of nodes) {
        const { term } = await node.keyring.activeForWrap(PROJECT)
        used.set(term, (used.get(term) ?? 0) + 1)
      }
    }
    assert.ok([...used.values()].every((count) => count <= 12))
    assert.equal(
      [...used.values()].reduce((sum, count) => sum + count),
      40,
    )
  })

  test('100 writes at once at the limit begin one new term', async () => {
    const room = cryptoRoom({ wrapBlock: 64, maxWrapsPerTerm: 64 })
    await wrap(room, 64)
    const keys = await Promise.all(
      Array.from({ length: 60 }, () => room.keyring.activeForWrap(PROJECT)),
    )
    assert.deepEqual(new Set(keys.map((key) => key.term)), new Set([2]))
    assert.equal(room.projectKeys.rows.length, 2)
    assert.equal(room.kekStore.calls.wrap, 2)
  })

  test('row MACs take nothing from the count', async () => {
    const room = cryptoRoom({ wrapBlock: 4 })
    await room.keyring.active(PROJECT)
    assert.equal(reservedOfTerm(room, 1), 0)
  })

  test('at the limit and without a KEK store nothing is wrapped', async () => {
    const room = cryptoRoom({ wrapBlock: 4, maxWrapsPerTerm: 4 })
    await wrap(room, 4)
    room.kekStore.mood = 'down'
    await refuses(Promise.resolve(room.keyring.activeForWrap(PROJECT)), 'unavailable')
    assert.deepEqual(statesOf(room), [[1, 'active']])
  })

  test('a key that another node destroyed is not asked for a second time', async () => {
    const room = cryptoRoom({ wrapBlock: 1 })
    await wrap(room, 1)
    room.projectKeys.tamper(() => undefined)
    await assert.rejects(wrap(room, 1), /key is gone/)
    assert.deepEqual(await wrap(room, 1), new Map([[1, 1]]))
    assert.equal(room.projectKeys.rows.length, 1)
  })

  test('a purge wastes what is left of the block', async () => {
    const room = cryptoRoom({ wrapBlock: 8 })
    await wrap(room, 1)
    room.keyring.purge(PROJECT)
    await wrap(room, 1)
    assert.equal(reservedOfTerm(room, 1), 16)
  })
})

describe('the age of a term', () => {
  test('the next term begins once the present one is old enough', async () => {
    const room = cryptoRoom({ maxTermAgeSeconds: 30 * DAY })
    await wrap(room, 1)
    room.clock.advance(30 * DAY - 1000)
    assert.deepEqual(await wrap(room, 1), new Map([[1, 1]]))
    room.clock.advance(1000)
    assert.deepEqual(await wrap(room, 2), new Map([[2, 2]]))
    assert.deepEqual(statesOf(room), [
      [1, 'decrypt-only'],
      [2, 'active'],
    ])
  })

  test('an old term opens what it sealed', async () => {
    const room = cryptoRoom({ maxTermAgeSeconds: 30 * DAY })
    const old = await room.keyring.active(PROJECT)
    room.clock.advance(31 * DAY)
    await wrap(room, 1)
    const found = await room.keyring.find(old.id)
    assert.equal(found?.term, 1)
  })

  test('a KEK store that is away when a term is due delays it and stops no write', async () => {
    // The stale bound is wide here, so that the key itself is still served.
    const room = cryptoRoom({ maxTermAgeSeconds: 5 * DAY, staleSeconds: 20 * DAY })
    await wrap(room, 1)
    room.kekStore.mood = 'down'
    room.clock.advance(6 * DAY)
    assert.deepEqual(await wrap(room, 2), new Map([[1, 2]]))
    room.kekStore.mood = 'well'
    room.clock.advance(6)
    assert.deepEqual(await wrap(room, 1), new Map([[2, 1]]))
  })

  test("another node's new term is noticed after the TTL at the latest", async () => {
    const room = cryptoRoom({ wrapBlock: 4, maxWrapsPerTerm: 8 })
    const node = room.anotherNode()
    await wrap(node, 1)
    await wrap(room, 5)
    assert.deepEqual(statesOf(room), [
      [1, 'decrypt-only'],
      [2, 'active'],
    ])
    room.clock.advance(901)
    assert.deepEqual(await wrap(node, 1), new Map([[2, 1]]))
  })
})
