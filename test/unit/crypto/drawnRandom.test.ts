import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DrawnRandom } from '../../../src/crypto/drawnRandom.ts'

test('no bytes are given twice, across draws and with rests that are too short', () => {
  const random = new DrawnRandom(56)
  const given = new Set<string>()
  for (let turn = 0; turn < 300; turn += 1) {
    const bytes = Buffer.alloc(turn % 2 === 0 ? 32 : 12)
    random.move(bytes.length, bytes, 0)
    // Of what repeats or was wiped, eight bytes would tell: zeros, or those of another turn.
    given.add(bytes.toString('hex', 0, 8))
    given.add(bytes.toString('hex', bytes.length - 8))
  }
  given.delete('00'.repeat(8))
  assert.equal(given.size, 2 * 300)
})

test('bytes go where they are wanted, and nothing beside them changes', () => {
  const into = Buffer.alloc(32)
  new DrawnRandom(64).move(12, into, 4)
  assert.deepEqual(into.subarray(0, 4), Buffer.alloc(4))
  assert.deepEqual(into.subarray(16), Buffer.alloc(16))
  assert.notDeepEqual(into.subarray(4, 16), Buffer.alloc(12))
})
