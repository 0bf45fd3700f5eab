import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stillness } from '../../../src/lib/stillness.ts'

function stillness() {
  let nowMs = 1_000
  const still = new Stillness(() => nowMs, 100)
  return (afterMs: number, marks: Readonly<Record<string, string>>) => {
    nowMs += afterMs
    return Object.fromEntries(still.look(new Map(Object.entries(marks))))
  }
}

test('what moves, and what comes back, begins anew; the others go on', () => {
  const after = stillness()
  assert.deepEqual(after(0, { a: '1', b: '1' }), { a: 0, b: 0 })
  assert.deepEqual(after(60, { a: '1', b: '2' }), { a: 60, b: 0 })
  assert.deepEqual(after(60, { b: '2' }), { b: 60 })
  assert.deepEqual(after(60, { a: '1', b: '2' }), { a: 0, b: 120 })
})

test('who did not look for too long begins anew', () => {
  const after = stillness()
  after(0, { a: '1' })
  assert.deepEqual(after(100, { a: '1' }), { a: 100 })
  assert.deepEqual(after(101, { a: '1' }), { a: 0 })
})
