import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { withDeadline } from '../../../src/crypto/deadline.ts'

describe('a deadline', () => {
  test('tells the work to stop, and does not wait for work that will not', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let signal: AbortSignal | undefined
    const late = withDeadline(50, (given) => {
      signal = given
      return new Promise(() => undefined)
    })
    t.mock.timers.tick(49)
    assert.equal(signal?.aborted, false)
    t.mock.timers.tick(1)
    await assert.rejects(late, /No answer within 50 ms/)
    assert.equal(signal?.aborted, true)
  })

  test('leaves what comes in time alone, answers and errors', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let signal: AbortSignal | undefined
    const keep = async (given: AbortSignal) => {
      signal = given
      return 'in time'
    }
    assert.equal(await withDeadline(50, keep), 'in time')
    t.mock.timers.tick(100)
    assert.equal(signal?.aborted, false)
    await assert.rejects(
      withDeadline(50, () => Promise.reject(new Error('its own'))),
      /its own/,
    )
  })
})
