import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { upgradeSchema } from '../../src/db/schema.ts'
import { ask } from '../peers/ask.ts'
import type { Gatehouse } from '../peers/gatehouse.ts'
import { GaleraCluster } from '../support/galeraCluster.ts'
import { BlockingConnection } from '../support/serverDatabase.ts'
import { type Caller, idOf, type Nodes, startNodes, until } from '../support/severalNodes.ts'
import { severalNodesSuite } from '../support/severalNodesSuite.ts'

const SIZE = 3
/** One of each node; a soak asks for more. */
const KILLS = Number(process.env['GATEHOUSE_SOAK_KILLS'] ?? SIZE)

describe('Galera', () => {
  let cluster: GaleraCluster
  before(async () => {
    cluster = await GaleraCluster.start(SIZE)
  })
  after(() => cluster.stop())

  const openShared = async (name: string) => {
    await cluster.execute(0, `create database ${name}`)
    const urls = Array.from({ length: SIZE }, (_, index) => cluster.url(index, name))
    await upgradeSchema(urls[0] ?? assert.fail())
    const beside = new BlockingConnection(urls[0] ?? assert.fail())
    return {
      urls,
      execute: (sql: string) => beside.execute(sql),
      close: () => beside.close(),
    }
  }

  severalNodesSuite('Galera', () => openShared('gatehouse_races'))

  describe('a database node that is lost', () => {
    let cloud: Nodes
    let caller: Caller
    const closers: (() => unknown)[] = []
    before(async () => {
      const database = await openShared('gatehouse_faults')
      closers.push(database.close)
      cloud = await startNodes({ after: (work) => closers.push(work) }, database.urls)
      caller = await cloud.caller('p', ['creator', 'admin'])
    })
    after(async () => {
      for (const close of closers.toReversed()) await close()
    })

    const node = (index: number): Gatehouse => cloud.nodes[index] ?? assert.fail()
    const serves = async (at: Gatehouse): Promise<boolean> => {
      const json = { payload: 'x', payload_content_type: 'text/plain' }
      return (await caller.ask(at, 'POST', '/v1/secrets', json)).status === 201
    }

    test('a backup taken of one node while others write is whole, and restores into the cluster', async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'gatehouse-galera-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const [key, file] = [join(folder, 'key'), join(folder, 'backup')]
      await node(0).command('backup', 'keygen', '--output', key)
      const before = await caller.store(node(1), 'acknowledged before it began')
      const stopping = new AbortController()
      const writer = (async () => {
        for (let n = 0; !stopping.signal.aborted; n += 1) await caller.store(node(1), `${n}`)
      })()
      await node(2).command('backup', 'create', '--recipient', `${key}.pub`, '--output', file)
      stopping.abort()
      await writer
      assert.match(await node(0).command('backup', 'verify', file, '--key', key), /^opened /m)
      await cluster.execute(0, 'create database gatehouse_restored')
      const elsewhere = { OS_DATABASE__CONNECTION: cluster.url(1, 'gatehouse_restored') }
      await node(1).commandIn(elsewhere, 'backup', 'restore', file, '--key', key)
      const rows = await cluster.execute(
        2,
        `select count(*) as found from gatehouse_restored.secrets where id = '${before}'`,
      )
      assert.equal(Number(rows[0]?.['found']), 1)
    })

    test(`${KILLS} kills of a mariadbd under load: no acknowledged write is lost`, async (t) => {
      const stored = new Map<string, string>()
      const removed = new Set<string>()
      const unsure = new Set<string>()
      const statuses = new Map<number, number>()
      const stopping = new AbortController()
      const hear = (status: number): number => {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        return status
      }
      const hammer = async (at: Gatehouse, own: number): Promise<void> => {
        for (let count = 0; !stopping.signal.aborted; count += 1) {
          const payload = `${own} ${count}`
          const json = { payload, payload_content_type: 'text/plain' }
          const answer = await caller.ask(at, 'POST', '/v1/secrets', json)
          if (hear(answer.status) !== 201) {
            await delay(50)
            continue
          }
          const id = idOf((JSON.parse(answer.text) as { secret_ref: string }).secret_ref)
          stored.set(id, payload)
          if (count % 3 !== 0) continue
          unsure.add(id)
          if (hear((await caller.ask(at, 'DELETE', `/v1/secrets/${id}`)).status) !== 204) continue
          unsure.delete(id)
          removed.add(id)
        }
      }
      const hammers = Array.from({ length: 12 }, (_, own) => hammer(node(own % SIZE), own))
      for (let round = 0; round < KILLS; round += 1) {
        const victim = (round + 1) % SIZE
        await delay(2_000)
        await cluster.kill(victim)
        const others = [node((victim + 1) % SIZE), node((victim + 2) % SIZE)]
        for (const at of others) await until(() => serves(at), `${at.name} does not go on`)
        await delay(1_000)
        await cluster.launch(victim)
        await until(() => serves(node(victim)), 'it did not come back')
      }
      await until(() => stored.size > 100 * KILLS, 'too little is acknowledged')
      stopping.abort()
      await Promise.all(hammers)
      for (const status of statuses.keys()) assert.ok([201, 204, 503].includes(status), `${status}`)
      const waiting = [...stored]
      const judge = async (at: Gatehouse): Promise<void> => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          const [id, payload] = next
          const found = await caller.payload(at, id)
          if (removed.has(id)) assert.equal(found, 'answers 404', id)
          else if (!unsure.has(id) || found !== 'answers 404') assert.equal(found, payload, id)
        }
      }
      await Promise.all([0, 1, 2, 0, 1, 2].map((at) => judge(node(at))))
      t.diagnostic(
        `${stored.size} stored, ${removed.size} deleted; ${JSON.stringify([...statuses])}`,
      )
      for (const at of cloud.nodes) assert.doesNotMatch(await at.logs(), /"level":"fatal"/)
    })

    test('one without the others answers 503, and serves again once it has them', async () => {
      const id = await caller.store(node(0), 'it stays')
      await cluster.isolate(2, true)
      const refused = async () => {
        const answer = await caller.ask(node(2), 'GET', `/v1/secrets/${id}`)
        assert.ok([200, 503].includes(answer.status), answer.text)
        return answer.status === 503 && answer.headers.has('retry-after')
      }
      await until(refused, 'it goes on reading what it has')
      assert.equal(await serves(node(2)), false)
      assert.equal((await ask(`${node(2).adminUrl}/readyz`)).status, 503)
      for (const index of [0, 1]) await until(() => serves(node(index)), 'the others stopped')
      const meanwhile = await caller.store(node(1), 'stored meanwhile')
      await cluster.isolate(2, false)
      try {
        await until(() => serves(node(2)), 'it does not come back')
      } catch (cause) {
        throw new Error(`it does not come back; its log: ${await cluster.log(2)}`, { cause })
      }
      assert.equal(await caller.payload(node(2), meanwhile), 'stored meanwhile')
      assert.equal((await ask(`${node(2).adminUrl}/readyz`)).status, 200)
    })
  })
})
