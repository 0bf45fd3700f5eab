import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { freshServerDatabase, type ServerKind } from '../support/serverDatabase.ts'
import { idOf, startNodes, until } from '../support/severalNodes.ts'

/*
 * Nodes on machines of their own, as far as one machine can play them: a pid namespace each, so that nobody
 * can tell by a pid that another died, and a clock of one that is half an hour ahead.
 */
const OTHER_MACHINE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc']
// Not by the command `faketime`: it stays beside its child, which would outlive the kill of it.
const CLOCK_AHEAD = [
  'env',
  'LD_PRELOAD=/usr/$LIB/faketime/libfaketime.so.1',
  'FAKETIME=+30m',
  'FAKETIME_DONT_FAKE_MONOTONIC=1',
]
const ORDER = { type: 'asymmetric', meta: { algorithm: 'rsa', bit_length: 4096 } }

function takeoverOn(name: string, kind: ServerKind): void {
  describe(`orders on nodes that cannot see each other, on ${name}`, () => {
    test('a clock that is half an hour ahead takes nothing away; a dead node is followed within 45 s', async (t) => {
      const database = await freshServerDatabase(kind)
      t.after(() => database.drop())
      const urls = [database.url, database.url]
      const { nodes, caller } = await startNodes(t, urls, {}, [OTHER_MACHINE, CLOCK_AHEAD])
      const [here, ahead] = nodes
      assert.ok(here !== undefined && ahead !== undefined)
      const creator = await caller('p', ['creator'])
      const held = () =>
        database.execute('select order_tasks.lease_owner, order_tasks.attempts from order_tasks')
      // Long enough that the other one looks several times.
      for (let count = 0; count < 4; count += 1) {
        await creator.expect(202, here, 'POST', '/v1/orders', ORDER)
      }
      await until(() => held().length === 0, 'they are not made', 600_000)
      const logs = await Promise.all(nodes.map((node) => node.logs()))
      for (const log of logs) assert.doesNotMatch(log, /a process that died|taken while it was/)

      const sent = creator.expect(202, here, 'POST', '/v1/orders', ORDER).catch(() => undefined)
      await until(() => held()[0]?.['lease_owner'] != null, 'nobody began')
      await here.kill()
      await sent
      const killedMs = performance.now()
      assert.equal(held().length, 1, 'it was made before the kill')
      await until(() => held()[0]?.['lease_owner'] == null, 'nobody frees it')
      const freedMs = performance.now() - killedMs
      assert.ok(freedMs > 20_000, `it was taken after ${freedMs} ms`)
      await until(() => held().length === 0, 'nobody makes it', 600_000)
      assert.match(await ahead.logs(), /a process that died/)
      const list = await creator.expect(200, ahead, 'GET', '/v1/orders')
      const orders = list['orders'] as readonly Readonly<Record<string, string>>[]
      assert.deepEqual(
        orders.map(({ status }) => status),
        Array(5).fill('ACTIVE'),
      )
      const refs = new Set(orders.map(({ container_ref }) => idOf(container_ref)))
      assert.equal(refs.size, 5)
      assert.equal((await creator.expect(200, ahead, 'GET', '/v1/containers'))['total'], 5)
      assert.equal((await creator.expect(200, ahead, 'GET', '/v1/secrets'))['total'], 10)
    })
  })
}

takeoverOn('MariaDB', 'mysql')
takeoverOn('PostgreSQL', 'postgresql')
