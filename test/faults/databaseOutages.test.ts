import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { BEGIN, COMMIT, type Cut, CuttingProxy } from '../support/cuttingProxy.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import type { OwnServer } from '../support/ownServer.ts'
import { say, withConnection } from '../support/serverConnections.ts'
import { setReadOnly } from '../support/setReadOnly.ts'
import { until } from '../support/severalNodes.ts'
import { LoadedNode } from './loadedNode.ts'

/*
 * What may happen to a database server, under load through the door of a real node. Each time: nothing
 * acknowledged is lost, nothing is torn, what cannot be done is 503 with Retry-After (anything else ends the
 * load with an error), and within a second of the server's return all is well, without a restart.
 */

const RECOVERED_WITHIN_MS = 1_000
/** What is told at once, on a machine that has other things to do. */
const AT_ONCE_MS = 1_000
/** A server that hangs is given up after four seconds, and looked at four times a second. */
const GIVEN_UP_WITHIN_MS = 6_500
const OUTAGE_MS = 2_500

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

const LOCK_SECRETS = {
  mysql: 'select secrets.id from secrets for update',
  postgresql: 'lock table secrets in exclusive mode',
}

function outages(name: string, make: (t: CleansUp) => Promise<OwnServer>): void {
  suite(name, { timeout: 900_000 }, () => {
    const cleanUps: (() => Promise<void>)[] = []
    let server: OwnServer
    let proxy: CuttingProxy
    let node: LoadedNode
    before(async () => {
      const t = { after: (work: () => Promise<void>) => cleanUps.unshift(work) }
      server = await make(t)
      proxy = await CuttingProxy.start(t, server.port)
      node = await LoadedNode.start(t, { connection: server.urlWith({ port: proxy.port }) })
    })
    after(async () => {
      for (const cleanUp of cleanUps) await cleanUp()
    })

    test('restarts under load', async (t) => {
      for (let round = 1; round <= 3; round += 1) {
        await node.load()
        await server.stop()
        await delay(OUTAGE_MS / 2)
        node.tally()
        await delay(OUTAGE_MS)
        const { done, unavailable, longestUnavailableMs } = await node.refuses(100)
        assert.equal(done, 0)
        assert.ok(longestUnavailableMs < AT_ONCE_MS, `told after ${longestUnavailableMs} ms`)
        assert.equal(await node.healthy(), 200)
        assert.equal(await node.ready(), 503)
        await server.start()
        const tookMs = await node.recovers()
        assert.ok(tookMs < RECOVERED_WITHIN_MS, `recovered after ${tookMs} ms`)
        await node.flows()
        await node.assertKept(`restart ${round}`)
        t.diagnostic(`${unavailable} times 503, back after ${Math.round(tookMs)} ms`)
      }
      await delay(2_000)
      assert.equal(await node.ready(), 200)
    })

    test('SIGKILL of the database under load', async (t) => {
      for (let round = 1; round <= 4; round += 1) {
        await node.load()
        await delay(Math.random() * 500)
        await server.kill()
        await delay(Math.random() * 1_000)
        await server.start()
        const tookMs = await node.recovers()
        assert.ok(tookMs < RECOVERED_WITHIN_MS, `recovered after ${tookMs} ms`)
        await node.flows()
        await node.assertKept(`kill ${round}`)
        t.diagnostic(`back after ${Math.round(tookMs)} ms`)
      }
    })

    test('a server that hangs, and goes on', async (t) => {
      await node.load()
      node.tally()
      server.pause()
      await delay(GIVEN_UP_WITHIN_MS + 500)
      const first = node.tally()
      await delay(OUTAGE_MS)
      const later = await node.refuses(100)
      assert.ok(first.longestUnavailableMs < GIVEN_UP_WITHIN_MS, `${first.longestUnavailableMs}`)
      assert.equal(later.done, 0)
      assert.ok(later.longestUnavailableMs < AT_ONCE_MS, `told after ${later.longestUnavailableMs}`)
      assert.equal(await node.healthy(), 200)
      server.resume()
      const tookMs = await node.recovers()
      assert.ok(tookMs < RECOVERED_WITHIN_MS, `recovered after ${tookMs} ms`)
      await node.flows()
      await node.assertKept('hanging')
      t.diagnostic(
        `given up after ${Math.round(first.longestUnavailableMs)} ms, back after ${Math.round(tookMs)} ms`,
      )
    })

    test('a server that turns read-only: reads go on, writes are refused', async (t) => {
      await node.load()
      await setReadOnly(server, true)
      await delay(300)
      node.tally()
      const lost = await node.metric('gatehouse_database_troubles_total')
      for (let i = 0; i < 20; i += 1) {
        assert.equal((await node.write()).status, 503)
        assert.equal((await node.list()).status, 200)
        await delay(50)
      }
      const { done, unavailable } = node.tally()
      assert.ok(done > 0 && unavailable > 0, `${done} and ${unavailable}`)
      assert.equal(await node.ready(), 503)
      assert.ok((await node.metric('gatehouse_database_troubles_total')) > lost)
      await setReadOnly(server, false)
      const tookMs = await node.recovers()
      assert.ok(tookMs < RECOVERED_WITHIN_MS, `recovered after ${tookMs} ms`)
      await node.flows()
      await node.assertKept('read-only')
      t.diagnostic(`${done} reads, ${unavailable} times 503, back after ${Math.round(tookMs)} ms`)
    })

    test('connections cut at BEGIN and around COMMIT', async (t) => {
      const kinds: readonly Cut[] = [
        { matches: BEGIN, at: 'asked' },
        { matches: BEGIN, at: 'heard' },
        { matches: COMMIT, at: 'asked' },
        { matches: COMMIT, at: 'heard' },
        { matches: COMMIT, at: 'answered' },
      ]
      await node.load()
      const before = proxy.cutCount
      for (let round = 0; round < 30; round += 1) {
        const cut = kinds[round % kinds.length]
        if (cut !== undefined) proxy.cuts.push(cut)
        await delay(40)
      }
      await until(() => proxy.cuts.length === 0, 'nothing is left to be cut')
      await node.flows()
      await node.assertKept('cuts')
      assert.equal(proxy.cutCount - before, 30)
      t.diagnostic(`${proxy.cutCount - before} cuts, ${node.tally().unavailable} times 503`)
    })

    test('every connection cut at once, again and again', async () => {
      await node.load()
      for (let round = 0; round < 20; round += 1) {
        proxy.cutAll()
        await delay(100)
      }
      const tookMs = await node.recovers()
      assert.ok(tookMs < RECOVERED_WITHIN_MS, `recovered after ${tookMs} ms`)
      await node.flows()
      await node.assertKept('all cut')
    })

    test('a slow network makes slow answers, and no others', async (t) => {
      await node.load()
      node.tally()
      proxy.delayMs = 100
      await delay(4_000)
      proxy.delayMs = 0
      const { done, unavailable } = node.tally()
      assert.ok(done > 0)
      assert.equal(unavailable, 0)
      await node.flows()
      await node.assertKept('slow')
      t.diagnostic(`${done} requests at 100 ms each way`)
    })

    test('a lock that somebody holds for seven seconds', async (t) => {
      await node.load()
      node.tally()
      await withConnection(server.url, async (connection) => {
        await connection.begin('change')
        await say(connection, LOCK_SECRETS[server.kind])
        await delay(7_000)
        await connection.rollback()
      })
      const tookMs = await node.recovers()
      assert.ok(tookMs < RECOVERED_WITHIN_MS, `recovered after ${tookMs} ms`)
      await node.flows()
      await node.assertKept('locks')
      const { done, unavailable } = node.tally()
      t.diagnostic(`${done} done, ${unavailable} times 503, back after ${Math.round(tookMs)} ms`)
    })

    test('an outage under load costs no memory', async (t) => {
      const megabytes: number[] = []
      for (let round = 1; round <= 3; round += 1) {
        await node.load()
        server.pause()
        await delay(4_500)
        await server.kill()
        await delay(2_000)
        await server.start()
        await node.flows()
        await node.assertKept(`memory ${round}`)
        megabytes.push(Math.round(node.residentMegabytes()))
      }
      t.diagnostic(`resident after each outage: ${megabytes.join(', ')} MB`)
      const [first = 0] = megabytes
      assert.ok(Math.max(...megabytes) < first + 40, `grows: ${megabytes.join(', ')} MB`)
    })

    test('in the end all is as it was promised, and the log says no more than it should', async (t) => {
      t.diagnostic(await node.assertAllKept())
      await node.assertLogIsClean()
      assert.equal(await node.metric('gatehouse_integrity_alarms_total'), 0)
      assert.equal(await node.metric('gatehouse_database_connections_awaited'), 0)
    })
  })
}

outages('MariaDB', (t) => ownMariadb(t))
outages('PostgreSQL', (t) => ownPostgres(t))
