import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type LoadMeter, Pace } from '../../../src/domain/rotation/pace.ts'

const IDLE: LoadMeter = { utilization: () => 0.1, delayMs: () => 0, isOverloaded: () => false }
const signal = new AbortController().signal

/** How long it rests after a step of 16 records in 8 ms. */
async function restOf(load: Partial<LoadMeter>, rate: number | null = null): Promise<number> {
  let rested = Number.NaN
  const wait = async (ms: number) => {
    rested = ms
  }
  await new Pace({ load: { ...IDLE, ...load }, wait }).rest(
    { busyMs: 8, records: 16 },
    rate,
    signal,
  )
  return rested
}

describe('the pace of a job', () => {
  test('on an idle server it rests a part of what it worked', async () => {
    assert.equal(await restOf({}), 2)
  })

  test('the busier the loop, the longer it rests', async () => {
    const rests = []
    for (const busy of [0.3, 0.5, 0.7, 0.9]) rests.push(await restOf({ utilization: () => busy }))
    assert.deepEqual(
      rests,
      rests.toSorted((a, b) => a - b),
    )
    assert.ok((rests[3] ?? 0) >= 160, String(rests))
  })

  test('a loop that runs late gets more rest, and one that refuses requests a whole second', async () => {
    const busy = { utilization: () => 1 }
    assert.ok((await restOf({ ...busy, delayMs: () => 100 })) > (await restOf(busy)) + 100)
    assert.equal(await restOf({ isOverloaded: () => true }), 1_000)
  })

  test('a rate is kept to, and never makes it faster than readers bear', async () => {
    assert.equal(await restOf({}, 16), 992)
    assert.equal(await restOf({}, 1_000_000), 2)
    assert.ok((await restOf({ utilization: () => 1 }, 1_000_000)) >= 160)
  })

  test('on a busy server its steps are short, and never more than a second of its rate', async () => {
    const pace = new Pace({ load: { ...IDLE, utilization: () => 1 }, wait: async () => undefined })
    assert.equal(pace.page(16, null), 16)
    await pace.rest({ busyMs: 8, records: 16 }, null, signal)
    assert.equal(pace.page(16, null), 2)
    assert.equal(pace.page(16, 1), 1)
  })
})
