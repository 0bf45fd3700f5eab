import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Curve, growthOf, percentile, shapeOf } from '../../../bench/scale/curve.ts'

function curve(of: (rows: number) => number): Curve {
  const points = [10_000, 100_000, 1_000_000].map((rows) => ({
    rows,
    rounds: [1, 2, 3].map((round) => [of(rows), of(rows), of(rows) * round]),
  }))
  return { what: '', points }
}

test('a walk down a tree is flat, or logarithmic where the caches are left', () => {
  assert.equal(growthOf(curve(() => 100)).shape, 'flat')
  assert.equal(growthOf(curve((rows) => Math.log2(rows))).shape, 'flat')
  assert.equal(growthOf(curve((rows) => Math.log2(rows) ** 2)).shape, 'logarithmic')
})

test('a walk over all rows is linear, also when it begins with a fixed cost', () => {
  assert.equal(growthOf(curve((rows) => rows)).shape, 'linear')
  assert.equal(growthOf(curve((rows) => 20_000 + rows)).shape, 'linear')
})

test('a root of the rows is neither', () => {
  assert.equal(growthOf(curve(Math.sqrt)).shape, 'steeper')
  assert.equal(shapeOf(3.1, 100), 'steeper')
})

test('a round that was slow for all sizes changes nothing', () => {
  const points = [10_000, 1_000_000].map((rows) => ({ rows, rounds: [[10], [1_000], [10]] }))
  assert.equal(growthOf({ what: '', points }).ratio, 1)
})

test('the 99th percentile of a few is the slowest', () => {
  assert.equal(percentile([3, 1, 2], 0.99), 3)
  assert.equal(
    percentile(
      Array.from({ length: 200 }, (_, n) => n),
      0.99,
    ),
    198,
  )
})
