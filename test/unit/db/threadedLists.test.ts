import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import type { ListAnswer, ListRequest } from '../../../src/db/listMessages.ts'
import { ThreadedLists } from '../../../src/db/threadedLists.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { newProjectId } from '../../contract/recordsForRepositories.ts'

class FakeThread extends EventEmitter {
  readonly received: ListRequest[] = []
  postMessage(message: ListRequest): void {
    this.received.push(structuredClone(message))
  }
  say(message: ListAnswer): void {
    this.emit('message', structuredClone(message))
  }
  async terminate(): Promise<number> {
    this.emit('exit', 1)
    return 1
  }
}

function scene() {
  const threads: FakeThread[] = []
  const lists = new ThreadedLists({
    path: '/nowhere',
    startThread: () => {
      const thread = new FakeThread()
      threads.push(thread)
      return thread as unknown as Worker
    },
  })
  return { lists, threads, thread: () => threads.at(-1) as FakeThread }
}

const query = { projectId: newProjectId(), limit: 1, offset: 0 }
const page = { items: [], total: 7 }

function isUnavailable(error: unknown): boolean {
  assert.ok(error instanceof Fault)
  assert.equal(error.kind, 'unavailable')
  return Number(error.headers['Retry-After']) >= 1
}

test('the thread starts with the first list, and each gets its own answer', async () => {
  const { lists, threads, thread } = scene()
  assert.equal(threads.length, 0)
  const asked = [lists.orders(query), lists.orders(query)]
  thread().say({ number: 2, answer: { kind: 'done', result: { ...page, total: 2 } } })
  thread().say({ number: 1, answer: { kind: 'done', result: page } })
  assert.deepEqual(
    (await Promise.all(asked)).map(({ total }) => total),
    [7, 2],
  )
  assert.equal(threads.length, 1)
  await lists.close()
})

test('a database that is away, a bug, a thread that dies: told apart, and the next list is served', async () => {
  const { lists, threads, thread } = scene()
  const away = lists.orders(query)
  const bug = lists.orders(query)
  const cut = lists.orders(query)
  const unavailable = { kind: 'unavailable', reason: 'gone', isOutcomeUnknown: false } as const
  thread().say({ number: 1, answer: unavailable })
  thread().say({ number: 2, answer: { kind: 'bug', reason: 'no such column', stack: 'there' } })
  await assert.rejects(away, isUnavailable)
  await assert.rejects(bug, (error) => error instanceof Error && !(error instanceof Fault))
  thread().emit('error', new Error('out of memory'))
  thread().emit('exit', 1)
  await assert.rejects(cut, isUnavailable)

  const next = lists.orders(query)
  thread().say({ number: 4, answer: { kind: 'done', result: page } })
  assert.deepEqual(await next, page)
  assert.equal(threads.length, 2)
  await lists.close()
})

test('beyond sixty-four waiting the next is refused, and none waits for ever', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { lists, thread } = scene()
  const waiting = Array.from({ length: 64 }, () => lists.orders(query))
  await assert.rejects(lists.orders(query), isUnavailable)
  t.mock.timers.tick(30_000)
  for (const list of waiting) await assert.rejects(list, isUnavailable)
  thread().say({ number: 1, answer: { kind: 'done', result: page } })
  await lists.close()
})

test('closing answers who waits, and takes nothing more', async () => {
  const { lists } = scene()
  const waiting = lists.orders(query)
  const closed = lists.close()
  await assert.rejects(waiting, isUnavailable)
  await closed
  await assert.rejects(lists.orders(query), isUnavailable)
})
