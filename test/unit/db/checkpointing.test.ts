import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Checkpointing } from '../../../src/db/checkpointing.ts'

/** Records what was asked of it; answers and time are the test's. */
function harness() {
  const asked: string[] = []
  const later: { readonly work: () => void; readonly delayMs: number }[] = []
  const answer = { isBusy: false, pagesInLog: 0, isAway: false }
  const checkpointing = new Checkpointing({
    checkpoint: (mode) => {
      asked.push(mode)
      return answer.isAway ? undefined : answer
    },
    later: (work, delayMs) => later.push({ work, delayMs }),
  })
  return { asked, later, answer, checkpointing }
}

test('after a delete the log is emptied well within a minute, once for many deletes', () => {
  const { asked, later, checkpointing } = harness()
  checkpointing.afterBatch(1, true)
  checkpointing.afterBatch(1, true)
  assert.equal(later.length, 1)
  assert.ok((later[0]?.delayMs ?? Number.NaN) <= 30_000)
  later[0]?.work()
  assert.deepEqual(asked, ['truncate'])
  checkpointing.afterBatch(1, true)
  assert.equal(later.length, 2)
})

for (const hindrance of ['isBusy', 'isAway'] as const) {
  test(`emptying the log is tried again soon when it could not be done (${hindrance})`, () => {
    const { asked, later, answer, checkpointing } = harness()
    checkpointing.afterBatch(1, true)
    answer[hindrance] = true
    later[0]?.work()
    assert.ok((later[1]?.delayMs ?? Number.NaN) <= 2_000)
    answer[hindrance] = false
    later[1]?.work()
    assert.deepEqual(asked, ['truncate', 'truncate'])
    assert.equal(later.length, 2)
  })
}

test('a log that could not be emptied at the start is emptied soon', () => {
  const { asked, later, checkpointing } = harness()
  checkpointing.emptyLogSoon()
  assert.ok((later[0]?.delayMs ?? Number.NaN) <= 2_000)
  later[0]?.work()
  assert.deepEqual(asked, ['truncate'])
})

test('writes without deletes check in after a thousand, and never schedule an emptying', () => {
  const { asked, later, answer, checkpointing } = harness()
  answer.pagesInLog = 10_000
  for (let batch = 0; batch < 200; batch += 1) checkpointing.afterBatch(10, false)
  assert.deepEqual(asked, ['passive', 'passive'])
  assert.equal(later.length, 0)
})

test('writes that leave little in the log are more before they check in, and fewer once they leave much', () => {
  const { asked, answer, checkpointing } = harness()
  answer.pagesInLog = 2_500
  checkpointing.afterBatch(1_000, false)
  checkpointing.afterBatch(3_999, false)
  assert.deepEqual(asked, ['passive'])
  answer.pagesInLog = 40_000
  checkpointing.afterBatch(1, false)
  assert.deepEqual(asked.slice(0, 2), ['passive', 'passive'])
  const before = asked.length
  checkpointing.afterBatch(1_000, false)
  assert.equal(asked[before], 'passive')
})

test('a log that readers keep from starting over is emptied when it grows too long', () => {
  const { asked, answer, checkpointing } = harness()
  answer.pagesInLog = 100_000
  checkpointing.afterBatch(1_000, false)
  assert.deepEqual(asked, ['passive', 'truncate'])
})
