import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Breaker } from '../../../src/crypto/breaker.ts'
import { ManualClock } from './cryptoRoom.ts'

const TIMEOUT_MS = 10_000

function breakerWith(random = () => 0.999) {
  const clock = new ManualClock()
  const breaker = new Breaker({ clock, random, timeoutMs: TIMEOUT_MS })
  const attempt = () => breaker.admit() ?? assert.fail('It lets nobody through.')
  const fail = (tookAllItsTime = false) => breaker.failed(attempt(), tookAllItsTime)
  return { clock, breaker, attempt, fail }
}

describe('a breaker', () => {
  test('opens at the third failure in a row, and not before', () => {
    const { breaker, fail } = breakerWith()
    assert.deepEqual([fail(), fail(), fail()], [false, false, true])
    assert.equal(breaker.admit(), undefined)
  })

  test('opens at the first failure that took all its time', () => {
    const { breaker, fail } = breakerWith()
    assert.equal(fail(true), true)
    assert.equal(breaker.admit(), undefined)
  })

  test('an answer between failures begins the count anew', () => {
    const { breaker, fail } = breakerWith()
    fail()
    fail()
    breaker.succeeded()
    fail()
    fail()
    assert.ok(breaker.admit())
  })

  test('a hundred calls that were under way together fail as one', () => {
    const { breaker, attempt } = breakerWith()
    const attempts = Array.from({ length: 100 }, attempt)
    for (const one of attempts) breaker.failed(one, false)
    assert.equal(breaker.isOpen, false)
    assert.ok(breaker.restMs <= 1_000)
  })

  test('lets one through after its rest, and nobody beside that one', () => {
    const { clock, breaker, fail } = breakerWith()
    fail(true)
    clock.advance(1)
    assert.ok(breaker.admit())
    assert.equal(breaker.admit(), undefined)
    assert.ok(breaker.restMs > 0 && breaker.restMs <= TIMEOUT_MS)
  })

  test('that one closes it by an answer, and lengthens the rest by a failure', () => {
    const { clock, breaker, attempt, fail } = breakerWith()
    fail(true)
    clock.advance(1)
    breaker.failed(attempt(), false)
    assert.ok(breaker.restMs > 1_000)
    clock.advance(2)
    attempt()
    assert.equal(breaker.succeeded(), true)
    assert.ok(breaker.admit() && breaker.admit())
    assert.equal(breaker.isDown, false)
  })

  test('one that never comes back does not keep it shut for ever', () => {
    const { clock, breaker, attempt, fail } = breakerWith()
    fail(true)
    clock.advance(1)
    attempt()
    clock.advance(TIMEOUT_MS / 1000)
    assert.ok(breaker.admit())
  })

  test('told that the service is back it lets everybody through, whatever was under way then says', () => {
    const { breaker, attempt, fail } = breakerWith()
    const underWay = attempt()
    fail(true)
    assert.equal(breaker.admit(), undefined)
    assert.equal(breaker.reset(), true)
    breaker.failed(underWay, true)
    assert.deepEqual([breaker.isDown, breaker.restMs], [false, 0])
    assert.ok(breaker.admit() && breaker.admit())
  })

  test('rests twice as long each time, up to ten seconds, half of it by chance', () => {
    for (const [random, share] of [
      [0, 0.5],
      [0.5, 0.75],
    ] as const) {
      const { clock, breaker, fail } = breakerWith(() => random)
      const rests: number[] = []
      for (let failure = 0; failure < 6; failure += 1) {
        fail()
        rests.push(breaker.restMs)
        clock.advance(10)
      }
      assert.deepEqual(
        rests,
        [1, 2, 4, 8, 10, 10].map((seconds) => seconds * 1_000 * share),
      )
    }
  })

  test('those who can do without leave it alone after one failure', () => {
    const { clock, breaker, fail } = breakerWith()
    fail()
    assert.equal(breaker.admitsProbe(), false)
    clock.advance(1)
    assert.equal(breaker.admitsProbe(), true)
    assert.equal(breaker.admitsProbe(), false)
  })

  test('one of those may be the one that finds out', () => {
    const { clock, breaker, fail } = breakerWith()
    fail(true)
    clock.advance(1)
    assert.equal(breaker.admitsProbe(), true)
    assert.ok(breaker.admit())
    assert.equal(breaker.admitsProbe(), false)
  })
})
