import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { DatabaseEvent } from '../../src/db/databaseEvent.ts'
import type { WriterThreadData } from '../../src/db/writerMessages.ts'
import type { Secret } from '../../src/model/secret.ts'
import { Project, type WithMac } from '../contract/recordsForRepositories.ts'
import { freshDatabase } from '../support/freshDatabase.ts'
import { assertAllThere, healed, insertAll } from './survivors.ts'

const WRITER_THREAD = new URL('../../src/db/writerThread.ts', import.meta.url)
const LIVES_FOR_MS = 60

/** What a thread does when it is told to die. It hears that on a channel beside its own port. */
const DEATHS = {
  exits: 'process.exit(7)',
  throws: 'throw new Error("a bug")',
}

/** A writer whose first threads die a while after they started to serve; later ones live. */
function mortal(deaths: number, deed: string) {
  let left = deaths
  return (data: WriterThreadData) => {
    if (left-- <= 0) return new Worker(WRITER_THREAD, { workerData: data })
    const name = `death ${left} of ${data.path}`
    const listen = `const c = new BroadcastChannel(${JSON.stringify(name)}); c.unref(); c.onmessage = () => { ${deed} }`
    const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(listen)}`]
    const thread = new Worker(WRITER_THREAD, { workerData: data, execArgv })
    thread.once('message', () => setTimeout(tellToDie, LIVES_FOR_MS, name))
    return thread
  }
}

function tellToDie(name: string): void {
  const channel = new BroadcastChannel(name)
  channel.postMessage('now')
  channel.close()
}

for (const [how, deed] of Object.entries(DEATHS)) {
  test(`a thread that ${how} under load costs its callers a 503, and no acknowledged secret`, async (t) => {
    const events: DatabaseEvent[] = []
    const { database, execute } = await freshDatabase(t, {
      onEvent: (event) => events.push(event),
      writer: { startThread: mortal(3, deed) },
    })
    const project = await healed(() => Project.make({ ...database, execute }))
    const kept: WithMac<Secret>[] = []
    let refused = 0
    const deaths = () => events.filter(({ type }) => type === 'writerDied').length
    while (deaths() < 3) {
      const batch = Array.from({ length: 20 }, () => project.secret())
      const stored = await insertAll(database, batch)
      kept.push(...stored)
      refused += batch.length - stored.length
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    assert.ok(refused > 0 && kept.length > 0, `${refused} refused, ${kept.length} kept`)
    const after = [project.secret()]
    await healed(() => database.health.check(AbortSignal.timeout(5_000)))
    assert.equal((await insertAll(database, after)).length, 1)
    await assertAllThere(database, [...kept, ...after])
    const reasons = events.map((event) => (event.type === 'writerDied' ? event.reason : ''))
    if (how === 'throws') assert.ok(reasons.includes('a bug'))
  })
}

test('a thread that is terminated answers everyone who waits, at once', async (t) => {
  const threads: Worker[] = []
  const { database, execute } = await freshDatabase(t, {
    writer: {
      startThread: (data) => {
        const thread = new Worker(WRITER_THREAD, { workerData: data })
        threads.push(thread)
        return thread
      },
    },
  })
  const project = await Project.make({ ...database, execute })
  const waiting = insertAll(
    database,
    Array.from({ length: 2_000 }, () => project.secret()),
  )
  await new Promise((resolve) => setImmediate(resolve))
  await threads[0]?.terminate()
  const stored = await waiting
  assert.ok(stored.length < 2_000)
  await assertAllThere(database, stored)
  await healed(() => database.health.check(AbortSignal.timeout(5_000)))
  assert.equal(threads.length, 2)
})
