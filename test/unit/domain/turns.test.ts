import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Turns } from '../../../src/domain/turns.ts'
import { Fault } from '../../../src/lib/fault.ts'

/** Work that ends when the test says so. */
function controlled() {
  let finish: (value: string) => void = () => undefined
  let fail: (error: Error) => void = () => undefined
  const ended = new Promise<string>((resolve, reject) => {
    finish = resolve
    fail = reject
  })
  const work = {
    isStarted: false,
    run: () => {
      work.isStarted = true
      return ended
    },
    finish,
    fail,
  }
  return work
}
const settle = () => new Promise<void>((resolve) => setImmediate(resolve))

test('work on one record goes one after the other, in the order it came', async () => {
  const turns = new Turns()
  const works = [controlled(), controlled(), controlled()]
  const results = works.map((work) => turns.take('a', work.run))
  for (const [index, work] of works.entries()) {
    await settle()
    assert.deepEqual(
      works.map(({ isStarted }) => isStarted),
      works.map((_, place) => place <= index),
    )
    work.finish(String(index))
  }
  assert.deepEqual(await Promise.all(results), ['0', '1', '2'])
})

test('work on another record does not wait', async () => {
  const turns = new Turns()
  const slow = controlled()
  const waiting = turns.take('a', slow.run)
  assert.equal(await turns.take('b', async () => 'done'), 'done')
  slow.finish('late')
  assert.equal(await waiting, 'late')
})

test('a failure is told to its own caller, and the next has its turn', async () => {
  const turns = new Turns()
  const broken = controlled()
  const first = turns.take('a', broken.run)
  const second = turns.take('a', async () => 'fine')
  broken.fail(new Error('mine'))
  await assert.rejects(first, /mine/)
  assert.equal(await second, 'fine')
})

test('who comes when too many wait is sent away, and the queue recovers', async () => {
  const turns = new Turns()
  const slow = controlled()
  const accepted = [turns.take('a', slow.run)]
  for (let waiting = 0; waiting < 64; waiting += 1) {
    accepted.push(turns.take('a', async () => 'waited'))
  }
  const isUnavailable = (error: unknown) => error instanceof Fault && error.kind === 'unavailable'
  await assert.rejects(
    turns.take('a', async () => 'never'),
    isUnavailable,
  )
  slow.finish('done')
  assert.equal((await Promise.all(accepted)).length, 65)
  assert.equal(await turns.take('a', async () => 'again'), 'again')
})
