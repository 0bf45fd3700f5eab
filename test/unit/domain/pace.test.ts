import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type LoadMeter, Pace } from '../../../src/domain/rotation/pace.ts'

const signal = new AbortController().signal
const STEP = { busyMs: 8, records: 16 }
const turn = async () => undefined

interface Server {
  /** What others need of the loop, from 0 to 1. */
  others: number
  /** What the loop did during the last step, the job's own work. */
  ofStep: number
  delayMs: number
  isOverloaded: boolean
}

/** A pace that was begun on this server, and how long it rests after each further step of 16 records in 8 ms. */
async function begunOn(given: Partial<Server>, rate: number | null = null) {
  const server: Server = { others: 0, ofStep: 1, delayMs: 0, isOverloaded: false, ...given }
  const rests: number[] = []
  let isResting = false
  const spent = () => {
    const share = isResting ? server.others : server.ofStep
    isResting = false
    return { activeMs: 1_000 * share, idleMs: 1_000 * (1 - share) }
  }
  const load: LoadMeter = {
    spent,
    delayMs: () => server.delayMs,
    isOverloaded: () => server.isOverloaded,
  }
  const wait = async (ms: number) => {
    rests.push(ms)
    isResting = true
  }
  const pace = new Pace({ load, wait, turn })
  const rest = async () => {
    await pace.rest(STEP, rate, signal)
    return rests.at(-1) ?? Number.NaN
  }
  await rest()
  return { server, rest }
}

async function restOf(given: Partial<Server>, rate: number | null = null): Promise<number> {
  const { rest } = await begunOn(given, rate)
  return rest()
}

describe('the pace of a job', () => {
  test('on an idle server it rests a part of what it worked, however busy its own work keeps the loop', async () => {
    assert.equal(await restOf({ others: 0, ofStep: 1 }), 2)
  })

  test('until it has heard how busy others are, it rests as if they were', async () => {
    const rests: number[] = []
    const load = {
      spent: () => ({ activeMs: 0, idleMs: 1_000 }),
      delayMs: () => 0,
      isOverloaded: () => false,
    }
    const wait = async (ms: number) => void rests.push(ms)
    await new Pace({ load, wait, turn }).rest(STEP, null, signal)
    assert.ok((rests[0] ?? 0) >= 256, String(rests))
  })

  test('the busier others are, the longer it rests', async () => {
    const rests = []
    for (const others of [0.1, 0.3, 0.5, 0.9]) rests.push(await restOf({ others }))
    assert.deepEqual(
      rests,
      rests.toSorted((a, b) => a - b),
    )
    assert.equal(new Set(rests).size, rests.length)
    assert.ok((rests[3] ?? 0) >= 256, String(rests))
  })

  test('it hears at once when others come, and when they go', async () => {
    const { server, rest } = await begunOn({ others: 0 })
    assert.equal(await rest(), 2)
    server.others = 1
    await rest()
    assert.ok((await rest()) >= 256)
    server.others = 0
    await rest()
    assert.equal(await rest(), 2)
  })

  test('a loop that runs late gets more rest, and one that refuses requests a whole second', async () => {
    const busy = await restOf({ others: 1 })
    assert.ok((await restOf({ others: 1, delayMs: 100 })) > busy + 100)
    assert.equal(await restOf({ isOverloaded: true }), 1_000)
  })

  test('a rate is kept to, and never makes it faster than readers bear', async () => {
    assert.equal(await restOf({}, 16), 992)
    assert.equal(await restOf({}, 1_000_000), 2)
    assert.ok((await restOf({ others: 1 }, 1_000_000)) >= 256)
  })

  test('a step takes never more than a second of its rate', () => {
    const load = {
      spent: () => ({ activeMs: 0, idleMs: 1 }),
      delayMs: () => 0,
      isOverloaded: () => false,
    }
    const pace = new Pace({ load, wait: async () => undefined, turn })
    assert.equal(pace.page(16, null), 16)
    assert.equal(pace.page(16, 1), 1)
    assert.equal(pace.page(16, 1_000), 16)
  })
})
