import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import type { DatabaseEvent } from '../../../src/db/databaseEvent.ts'
import { SqliteWriter } from '../../../src/db/sqliteWriter.ts'
import type { FromWriterThread, ToWriterThread } from '../../../src/db/writerMessages.ts'
import { Fault } from '../../../src/lib/fault.ts'

/** A thread that does only what the test tells it. */
class FakeThread extends EventEmitter {
  readonly received: ToWriterThread[] = []
  postMessage(message: ToWriterThread): void {
    // As a real port does: what cannot be cloned must not get here.
    this.received.push(structuredClone(message))
    if (message.type === 'close') setImmediate(() => this.emit('exit', 0))
  }
  say(message: FromWriterThread): void {
    this.emit('message', structuredClone(message))
  }
  numbers(): readonly number[] {
    return this.received.flatMap((message) =>
      message.type === 'run' ? message.commands.map(({ number }) => number) : [],
    )
  }
  answerAll(): void {
    const answers = this.numbers().map((number) => ({
      number,
      answer: { kind: 'done', result: `result ${number}` } as const,
    }))
    this.say({ type: 'answers', answers, durationMs: 1 })
  }
}

async function scene(t: { after(work: () => Promise<void>): unknown }) {
  const threads: FakeThread[] = []
  const events: DatabaseEvent[] = []
  const time = { nowMs: 0 }
  const writer = new SqliteWriter({
    thread: { path: '/nowhere' },
    monotonicMs: () => time.nowMs,
    onEvent: (event) => events.push(event),
    startThread: () => {
      const thread = new FakeThread()
      threads.push(thread)
      setImmediate(() => thread.say({ type: 'started', failure: undefined }))
      return thread as unknown as Worker
    },
  })
  t.after(() => writer.close())
  assert.equal(await writer.start(), undefined)
  return { writer, threads, events, time, thread: () => threads.at(-1) as FakeThread }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

function isUnavailable(outcome: 'unknown' | 'not written' | undefined) {
  return (error: unknown) => {
    assert.ok(error instanceof Fault)
    assert.equal(error.kind, 'unavailable')
    assert.match(error.headers['Retry-After'] ?? '', /^\d+$/)
    if (outcome === 'unknown') assert.match(error.message, /may or may not be written/)
    if (outcome === 'not written') assert.match(error.message, /is not written/)
    return true
  }
}

test('what comes in one turn of the loop crosses in one message, and each gets its own answer', async (t) => {
  const { writer, thread, events } = await scene(t)
  const asked = [writer.run('proveWritable'), writer.run('proveWritable')]
  await turn()
  assert.equal(thread().received.length, 1)
  thread().answerAll()
  assert.deepEqual(await Promise.all(asked), ['result 1', 'result 2'])
  assert.deepEqual(events, [{ type: 'groupCommit', commands: 2, durationMs: 1 }])
})

test('unavailable says whether the change may have happened; a bug is no Fault', async (t) => {
  const { writer, thread } = await scene(t)
  const unknown = writer.run('proveWritable')
  const unwritten = writer.run('proveWritable')
  const bug = writer.run('proveWritable')
  await turn()
  const unavailable = { kind: 'unavailable', reason: 'SQLITE_FULL: disk is full' } as const
  thread().say({
    type: 'answers',
    durationMs: 1,
    answers: [
      { number: 1, answer: { ...unavailable, isOutcomeUnknown: true } },
      { number: 2, answer: { ...unavailable, isOutcomeUnknown: false } },
      { number: 3, answer: { kind: 'bug', reason: 'no such table', stack: 'somewhere' } },
    ],
  })
  await assert.rejects(unknown, isUnavailable('unknown'))
  await assert.rejects(unwritten, isUnavailable('not written'))
  await assert.rejects(bug, (error: unknown) => {
    assert.ok(error instanceof Error && !(error instanceof Fault))
    assert.ok(error.cause instanceof Error)
    assert.equal(error.cause.message, 'no such table')
    return true
  })
})

test('when the thread dies every waiting command is unavailable, and the next thread serves', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { writer, threads, thread, events } = await scene(t)
  const waiting = [writer.run('proveWritable'), writer.run('proveWritable')]
  await turn()
  const late = writer.run('proveWritable')
  thread().emit('error', new Error('out of memory'))
  thread().emit('exit', 1)
  for (const answer of [...waiting, late]) await assert.rejects(answer, isUnavailable('unknown'))
  await assert.rejects(writer.run('proveWritable'), isUnavailable(undefined))
  assert.deepEqual(events, [{ type: 'writerDied', reason: 'out of memory', restartInMs: 100 }])

  t.mock.timers.tick(100)
  assert.equal(threads.length, 2)
  const next = writer.run('proveWritable')
  await turn()
  thread().answerAll()
  assert.equal(await next, 'result 4')
})

test('a thread that keeps dying is started ever more slowly, but never less than every 5 s', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { threads, thread, events } = await scene(t)
  for (let death = 0; death < 10; death += 1) {
    thread().emit('exit', 1)
    t.mock.timers.tick(5_000)
  }
  assert.equal(threads.length, 11)
  const delays = events.map((event) => event.type === 'writerDied' && event.restartInMs)
  assert.deepEqual(delays, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000])
})

test('commands beyond the bound are refused at once, and those within it are served', async (t) => {
  const { writer, thread } = await scene(t)
  const accepted = Array.from({ length: 4_096 }, () => writer.run('proveWritable'))
  await assert.rejects(writer.run('proveWritable'), isUnavailable(undefined))
  await turn()
  thread().answerAll()
  assert.equal((await Promise.all(accepted)).length, 4_096)
  const next = writer.run('proveWritable')
  await turn()
  thread().answerAll()
  await next
})

test('a disk that hangs keeps nobody waiting for ever, and its late answer is dropped', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] })
  const { writer, thread, time } = await scene(t)
  const early = writer.run('proveWritable')
  await turn()
  time.nowMs = 15_000
  const young = writer.run('proveWritable')
  await turn()
  time.nowMs = 21_000
  t.mock.timers.tick(1_000)
  await assert.rejects(early, isUnavailable('unknown'))
  thread().answerAll()
  assert.equal(await young, 'result 2')
})

test('a thread that cannot open the database says why and stays', async (t) => {
  const thread = new FakeThread()
  const writer = new SqliteWriter({
    thread: { path: '/nowhere' },
    monotonicMs: () => 0,
    onEvent: () => {},
    startThread: () => thread as unknown as Worker,
  })
  t.after(() => writer.close())
  const started = writer.start()
  thread.say({ type: 'started', failure: 'SQLITE_CANTOPEN: unable to open database file' })
  assert.match((await started) ?? '', /SQLITE_CANTOPEN/)
})

test('closing sends what was accepted first, and takes nothing more', async (t) => {
  const { writer, thread } = await scene(t)
  const accepted = writer.run('proveWritable')
  const closed = writer.close()
  assert.deepEqual(
    thread().received.map(({ type }) => type),
    ['run', 'close'],
  )
  thread().answerAll()
  await accepted
  await closed
  await assert.rejects(writer.run('proveWritable'), isUnavailable(undefined))
})
