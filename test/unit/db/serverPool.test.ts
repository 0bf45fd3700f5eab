import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { DatabaseEvent } from '../../../src/db/databaseEvent.ts'
import type { ServerConnection } from '../../../src/db/server/serverConnection.ts'
import { connectionFailure } from '../../../src/db/server/serverFailure.ts'
import { type PoolLimits, ServerPool } from '../../../src/db/server/serverPool.ts'
import { assertUnavailable } from '../../faults/survivors.ts'
import { type FakeConnection, FakeServerDriver } from '../../support/fakeServerDriver.ts'

const LIMITS: PoolLimits = { keep: 2, most: 4, waitMs: 10_000, recycleMs: 3_600_000 }
const LONG_MS = 600_000
const STEP_MS = 50

function scene(t: TestContext, limits: Partial<PoolLimits> = {}) {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  let nowMs = 0
  const driver = new FakeServerDriver()
  const events: DatabaseEvent[] = []
  const pool = new ServerPool({
    driver,
    limits: { ...LIMITS, ...limits },
    monotonicMs: () => nowMs,
    onEvent: (event) => events.push(event),
  })
  t.after(() => {
    driver.answerAgain()
    return pool.close()
  })
  const turn = () => new Promise<void>((resolve) => setImmediate(resolve))
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      nowMs += STEP_MS
      t.mock.timers.tick(STEP_MS)
      await turn()
    }
  }
  const statement = (withinMs = LONG_MS) =>
    pool.use(withinMs, (connection) => connection.execute({ sql: 'select 1', params: [] }))
  const kinds = () => events.map(({ type }) => type)
  return { pool, driver, events, kinds, turn, pass, statement }
}

/** Somebody at work until the test says that it is done. */
function worker(pool: ServerPool) {
  const done = Promise.withResolvers<void>()
  let connection: FakeConnection | undefined
  const finished = pool.use(LONG_MS, (lent: ServerConnection) => {
    connection = lent as FakeConnection
    return done.promise
  })
  finished.catch(() => undefined)
  return { finished, finish: done.resolve, fail: done.reject, connection: () => connection }
}

/** What became of it so far. */
function watch(promise: Promise<unknown>) {
  const seen: { outcome: 'waits' | 'done' | 'failed'; error: unknown } = {
    outcome: 'waits',
    error: undefined,
  }
  promise.then(
    () => {
      seen.outcome = 'done'
    },
    (error: unknown) => {
      seen.outcome = 'failed'
      seen.error = error
    },
  )
  return seen
}

test('lends `most` connections at once and no more; the others come in their order', async (t) => {
  const { pool, driver, turn } = scene(t)
  const workers = Array.from({ length: 10 }, () => worker(pool))
  await turn()
  assert.equal(driver.connections.length, LIMITS.most)
  const atWork = () => workers.map((one) => one.connection() !== undefined)
  assert.deepEqual(atWork(), [true, true, true, true, ...Array(6).fill(false)])
  workers[1]?.finish()
  await turn()
  assert.deepEqual(atWork().indexOf(false), 5)
  for (const { finish } of workers) finish()
  await Promise.all(workers.map(({ finished }) => finished))
  assert.equal(driver.connections.length, LIMITS.most)
})

test('one connection is enough for those who come one after the other', async (t) => {
  const { driver, statement } = scene(t)
  for (let i = 0; i < 5; i += 1) await statement()
  assert.equal(driver.connections.length, 1)
})

test('a request waits for a connection as long as it may, and is then told so', async (t) => {
  const { pool, pass, turn, statement } = scene(t, { waitMs: 3_000 })
  const workers = Array.from({ length: LIMITS.most }, () => worker(pool))
  await turn()
  const late = watch(statement())
  await pass(2_800)
  assert.equal(late.outcome, 'waits')
  await pass(600)
  assertUnavailable(late.error)
  assert.match(String(late.error), /All connections to the database are in use/)
  for (const { finish } of workers) finish()
})

test('while the server is away everybody is told at once, and one attempt at a time is made', async (t) => {
  const { driver, kinds, pass, turn, statement } = scene(t)
  driver.behaviour = 'refuses'
  const asked = Array.from({ length: 50 }, () => watch(statement()))
  await turn()
  for (const { error } of asked) assertUnavailable(error)
  const attempts = driver.attempts
  assert.ok(attempts <= LIMITS.most)
  const again = Array.from({ length: 50 }, () => watch(statement()))
  await turn()
  for (const { error } of again) assertUnavailable(error)
  assert.equal(driver.attempts, attempts)
  await pass(10_000)
  assert.ok(driver.attempts - attempts <= 51, `${driver.attempts - attempts} attempts in 10 s`)
  // An outage is a line in the log, not ten thousand.
  assert.deepEqual(kinds(), ['serverUnreachable'])
})

test('a server that returns is found without anybody asking, and serves the first who does', async (t) => {
  const { driver, kinds, pass, turn, statement } = scene(t)
  driver.behaviour = 'refuses'
  const refused = watch(statement())
  await turn()
  assertUnavailable(refused.error)
  await pass(5_000)
  driver.behaviour = 'answers'
  await pass(250)
  await statement()
  assert.deepEqual(kinds(), ['serverUnreachable', 'connectionOpened', 'serverReached'])
})

test('a lost connection takes along those that lay idle: they lead to the same server', async (t) => {
  const { pool, driver, turn } = scene(t)
  const workers = Array.from({ length: 3 }, () => worker(pool))
  await turn()
  workers[0]?.finish()
  workers[1]?.finish()
  await turn()
  workers[2]?.fail(connectionFailure('read ECONNRESET', 'ECONNRESET'))
  await turn()
  assert.equal(driver.open.length, 0)
})

test('what the server refuses costs that connection alone', async (t) => {
  const { pool, driver, turn } = scene(t)
  const workers = Array.from({ length: 3 }, () => worker(pool))
  await turn()
  workers[0]?.finish()
  workers[1]?.finish()
  await turn()
  const readOnly = Object.assign(new Error('read-only'), { errno: 1290, sqlState: 'HY000' })
  workers[2]?.fail(readOnly)
  await turn()
  assert.equal(driver.open.length, 2)
})

test('a server that has no more connections is not away: those it gave are waited for', async (t) => {
  const { pool, driver, turn, pass, statement } = scene(t)
  const first = worker(pool)
  await turn()
  driver.behaviour = 'refuses'
  const others = [watch(statement()), watch(statement())]
  await pass(1_000)
  assert.deepEqual(
    others.map(({ outcome }) => outcome),
    ['waits', 'waits'],
  )
  driver.behaviour = 'answers'
  first.finish()
  await turn()
  assert.deepEqual(
    others.map(({ outcome }) => outcome),
    ['done', 'done'],
  )
})

test('when the last of a full server breaks, nobody waits for the others', async (t) => {
  const { pool, driver, turn, statement } = scene(t)
  const first = worker(pool)
  await turn()
  driver.behaviour = 'refuses'
  const waiting = watch(statement())
  await turn()
  first.fail(connectionFailure('read ECONNRESET', 'ECONNRESET'))
  await turn()
  await turn()
  assertUnavailable(waiting.error)
})

test('many who wait when all connections break are served by many again, not by one', async (t) => {
  const { pool, driver, turn, pass } = scene(t)
  const first = Array.from({ length: LIMITS.most }, () => worker(pool))
  await turn()
  const second = Array.from({ length: 20 }, () => worker(pool))
  for (const { fail } of first) fail(connectionFailure('read ECONNRESET', 'ECONNRESET'))
  await pass(300)
  assert.equal(driver.open.length, LIMITS.most)
  assert.equal(second.filter((one) => one.connection() !== undefined).length, LIMITS.most)
})

test('a server that hangs is given up within five seconds, by all who wait for it', async (t) => {
  const { driver, kinds, turn, pass, statement } = scene(t)
  await statement()
  driver.behaviour = 'hangs'
  const asked = Array.from({ length: 20 }, () => watch(statement()))
  await turn()
  await pass(1_500)
  assert.ok(asked.every(({ outcome }) => outcome === 'waits'))
  await pass(3_500)
  assert.ok(asked.every(({ outcome }) => outcome === 'failed'))
  const next = watch(statement())
  await turn()
  assertUnavailable(next.error)
  assert.equal(driver.open.length, 0)
  driver.answerAgain()
  await turn()
  await statement()
  assert.ok(kinds().includes('serverReached'))
})

test('a server that is slow and still opens connections is waited for', async (t) => {
  const { pool, turn, pass, kinds } = scene(t)
  const slow = worker(pool)
  await turn()
  await pass(60_000)
  slow.finish()
  await slow.finished
  assert.ok(!kinds().includes('serverUnreachable'))
})

test('an attempt that hangs does not hold up the others', async (t) => {
  const { driver, turn, pass, statement } = scene(t)
  driver.behaviour = 'refuses'
  const refused = watch(statement())
  await turn()
  assertUnavailable(refused.error)
  driver.behaviour = 'hangs'
  await pass(500)
  const before = driver.attempts
  await pass(10_000)
  assert.ok(driver.attempts - before <= 5, `${driver.attempts - before} attempts hang`)
  assert.ok(driver.attempts - before >= 2)
  driver.behaviour = 'answers'
  await pass(1_000)
})

test('work that takes longer than it may is given up, and so is its connection', async (t) => {
  const { pool, driver, turn, pass } = scene(t)
  const seen = watch(pool.use(5_000, () => new Promise(() => undefined)))
  await turn()
  await pass(4_900)
  assert.equal(seen.outcome, 'waits')
  await pass(500)
  assert.equal(seen.outcome, 'failed')
  assert.equal(driver.dialect.failureKind(seen.error), 'away')
  assert.equal(driver.connections[0]?.state, 'destroyed')
})

test('a connection that ends is given up by whoever works on it, and forgotten when idle', async (t) => {
  const { pool, driver, turn, statement } = scene(t)
  const first = worker(pool)
  await turn()
  const ended = watch(first.finished)
  driver.connections[0]?.end()
  await turn()
  assert.equal(ended.outcome, 'failed')
  await statement()
  driver.connections[1]?.end()
  await statement()
  assert.equal(driver.connections.length, 3)
})

test('an old connection is replaced', async (t) => {
  const { driver, pass, statement } = scene(t, { recycleMs: 1_000 })
  await statement()
  await pass(1_500)
  await statement()
  assert.deepEqual(
    driver.connections.map(({ state }) => state),
    ['closed', 'open'],
  )
})

test('what a busy moment opened is closed when it is over, down to what is kept', async (t) => {
  const { pool, driver, turn, pass } = scene(t)
  const workers = Array.from({ length: LIMITS.most }, () => worker(pool))
  await turn()
  for (const { finish } of workers) finish()
  await pass(20_000)
  assert.equal(driver.open.length, LIMITS.most)
  await pass(20_000)
  assert.equal(driver.open.length, LIMITS.keep)
})

test('closes within a second, whatever the server says: idle, lent and half open ones', async (t) => {
  const { pool, driver, turn, pass, statement } = scene(t)
  const lent = worker(pool)
  await turn()
  await statement()
  driver.behaviour = 'hangs'
  const halfOpen = watch(statement())
  const waiting = watch(statement())
  await turn()
  const closed = watch(pool.close())
  await pass(1_100)
  assert.equal(closed.outcome, 'done')
  assertUnavailable(waiting.error)
  lent.finish()
  driver.answerAgain()
  await pass(1_100)
  assert.notEqual(halfOpen.outcome, 'waits')
  assert.equal(driver.open.length, 0)
  const after = watch(statement())
  await turn()
  assertUnavailable(after.error)
})
