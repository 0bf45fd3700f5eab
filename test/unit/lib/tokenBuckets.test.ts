import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { TokenBuckets } from '../../../src/lib/tokenBuckets.ts'

/** Takes as many as it can get at each of these moments. @returns how many */
function taken(buckets: TokenBuckets, key: string, moments: readonly number[]): number {
  let count = 0
  for (const nowMs of moments) {
    for (; buckets.waitMs(key, nowMs) === 0; count += 1) buckets.take(key, nowMs)
  }
  return count
}

test('a bucket gives its burst at once, then as many as its rate, and says how long until the next', () => {
  const buckets = new TokenBuckets({ perSecond: 2, burst: 5 }, 10)
  assert.equal(taken(buckets, 'a', [1_000]), 5)
  assert.equal(buckets.waitMs('a', 1_000), 500)
  assert.equal(buckets.waitMs('a', 1_400), 100)
  assert.equal(taken(buckets, 'a', [1_500]), 1)
  assert.equal(taken(buckets, 'a', [3_000]), 3)
  assert.equal(taken(buckets, 'a', [60_000]), 5)
})

test('whoever is turned away and comes again and again waits no longer for it', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 1 }, 10)
  buckets.take('a', 0)
  for (let nowMs = 0; nowMs < 1_000; nowMs += 10)
    assert.equal(buckets.waitMs('a', nowMs), 1_000 - nowMs)
  assert.equal(buckets.waitMs('a', 1_000), 0)
})

test('keys have buckets of their own', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 3 }, 10)
  assert.equal(taken(buckets, 'a', [0]), 3)
  assert.equal(taken(buckets, 'b', [0]), 3)
})

test('what is given back is there again', () => {
  const buckets = new TokenBuckets({ perSecond: 1, burst: 2 }, 10)
  assert.equal(taken(buckets, 'a', [0]), 2)
  buckets.giveBack('a')
  assert.equal(taken(buckets, 'a', [0]), 1)
  buckets.giveBack('nobody')
  assert.equal(taken(buckets, 'nobody', [0]), 2)
})

test('never more than the burst and what the time brought, whenever somebody comes', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.integer({ min: 0, max: 5_000 }), { maxLength: 60 }),
      (perSecond, burst, gaps) => {
        const buckets = new TokenBuckets({ perSecond, burst }, 10)
        let nowMs = 17
        const moments = gaps.map((gap) => (nowMs += gap))
        const passedMs = (moments.at(-1) ?? 17) - (moments[0] ?? 17)
        const got = taken(buckets, 'a', moments)
        // A millionth for the floating point of times.
        assert.ok(got <= burst + (passedMs / 1000) * perSecond + 1e-6, `${got}`)
        assert.ok(got >= Math.min(moments.length, 1))
      },
    ),
  )
})

test('no more buckets are remembered than may be, and the one that was silent for longest goes first', () => {
  const buckets = new TokenBuckets({ perSecond: 0.001, burst: 1 }, 100)
  for (let index = 0; index < 100; index += 1) buckets.take(String(index), 0)
  buckets.take('0', 0)
  for (let index = 100; index < 150; index += 1) buckets.take(String(index), 0)
  assert.equal(buckets.size, 100)
  assert.ok(buckets.waitMs('0', 1) > 0)
  assert.equal(buckets.waitMs('1', 1), 0)
  assert.ok(buckets.waitMs('149', 1) > 0)
  for (let index = 0; index < 100_000; index += 1) buckets.take(`more ${index}`, 0)
  assert.equal(buckets.size, 100)
})
