import assert from 'node:assert/strict'
import { createPrivateKey, randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { ask } from '../peers/ask.ts'
import { Gatehouse } from '../peers/gatehouse.ts'

const ROUNDS = 25
const ORDERS_PER_ROUND = 3
const PASSPHRASE = 'a passphrase that waits'

type Json = Readonly<Record<string, unknown>>

interface Placed {
  readonly ref: string
  readonly hasPassphrase: boolean
}

async function serverWith(t: { after(work: () => unknown): void }) {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-pending-orders-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const server = await Gatehouse.start({ name: 'maker', folder, configuration: {} })
  t.after(() => server.kill())
  const printed = await server.command('token', 'issue', '--project', 'p', '--role', 'creator')
  const token = printed.trim().split('\n').at(-1) ?? ''
  const get = async (ref: string): Promise<Json> => {
    const answer = await ask(ref, { token })
    assert.equal(answer.status, 200, answer.text)
    return JSON.parse(answer.text) as Json
  }
  let count = 0
  return {
    server,
    get,
    token,
    database: join(folder, 'maker', 'state', 'gatehouse.sqlite'),
    place: async (bits: number, hasPassphrase: boolean): Promise<Placed> => {
      const passphrase = hasPassphrase ? { passphrase: PASSPHRASE } : {}
      const meta = { algorithm: 'rsa', bit_length: bits, ...passphrase }
      const json = { type: 'asymmetric', meta }
      // Its answer waits for the pair, and is not waited for: the order stands in the list before.
      void ask(`${server.url}/v1/orders`, { method: 'POST', token, json }).catch(() => undefined)
      const last = `${server.url}/v1/orders?limit=1&offset=${count}`
      count += 1
      for (;;) {
        const { orders } = (await get(last)) as { readonly orders: readonly Json[] }
        if (orders[0] !== undefined) return { ref: String(orders[0]['order_ref']), hasPassphrase }
        await delay(5)
      }
    },
    ended: async (ref: string, withinMs: number): Promise<Json> => {
      const until = performance.now() + withinMs
      for (;;) {
        const order = await get(ref)
        if (order['status'] !== 'PENDING') return order
        assert.ok(performance.now() < until, `${ref} is still PENDING`)
        await delay(50)
      }
    },
  }
}

test(`${ROUNDS} kills of the server while orders wait: each becomes ACTIVE exactly once`, async (t) => {
  const { server, place, ended, get, token, database } = await serverWith(t)
  const placed: Placed[] = []
  for (let round = 1; round <= ROUNDS; round += 1) {
    for (let i = 0; i < ORDERS_PER_ROUND; i += 1) {
      placed.push(await place(i === 0 ? 4096 : 2048, i === 1))
    }
    // Anywhere from the claim to long after the first pair was stored.
    await delay(randomInt(700))
    await server.kill()
    await server.startAgain()
  }
  let containers = 0
  let secrets = 0
  for (const { ref, hasPassphrase } of placed) {
    const order = await ended(ref, 240_000)
    assert.equal(order['status'], 'ACTIVE', JSON.stringify(order))
    const container = await get(String(order['container_ref']))
    const members = container['secret_refs'] as readonly { name: string; secret_ref: string }[]
    assert.equal(members.length, hasPassphrase ? 3 : 2)
    containers += 1
    secrets += members.length
    const [first] = members
    const headers = { accept: 'application/octet-stream' }
    const key = await ask(`${first?.secret_ref}/payload`, { token, headers })
    assert.equal(first?.name, 'private_key')
    if (hasPassphrase) assert.match(key.text, /^-----BEGIN ENCRYPTED PRIVATE KEY-----/)
    createPrivateKey({ key: key.text, ...(hasPassphrase ? { passphrase: PASSPHRASE } : {}) })
  }
  // Nothing besides: what was made in vain was never stored.
  const total = async (path: string) => (await get(`${server.url}${path}`))['total']
  assert.equal(await total('/v1/containers'), containers)
  assert.equal(await total('/v1/secrets'), secrets)
  const logs = await server.logs()
  assert.ok(!logs.includes(PASSPHRASE))
  assert.ok(!logs.includes('"level":60') && !logs.includes('alarm'))
  await server.stop()
  const file = new Sqlite(database, { readonly: true })
  assert.deepEqual(file.prepare('select * from order_tasks').all(), [])
  assert.equal(file.pragma('integrity_check', { simple: true }), 'ok')
  assert.deepEqual(file.pragma('foreign_key_check'), [])
  file.close()
  const freed = logs.split('a process that died').length - 1
  t.diagnostic(`${placed.length} orders, ${freed} of them taken over from a server that was killed`)
  assert.ok(freed > 0, 'no kill met an order in the making')
})

test('a restart takes over at once what the killed server had begun', async (t) => {
  const { server, place, ended, database } = await serverWith(t)
  const { ref } = await place(4096, true)
  const file = new Sqlite(database, { readonly: true, timeout: 60_000 })
  const begun = file.prepare('select 1 from order_tasks where lease_owner is not null')
  while (begun.get() === undefined) await delay(5)
  file.close()
  await server.kill()
  await server.startAgain()
  // At once, and not when a lease would have run out; the pair itself may take a busy machine longer.
  const restartedMs = performance.now()
  while (!/a process that died/.test(await server.logs())) {
    assert.ok(performance.now() - restartedMs < 20_000, 'it waits')
    await delay(50)
  }
  const order = await ended(ref, 240_000)
  assert.equal(order['status'], 'ACTIVE')
})

test('a drain in the middle of a pair gives the order back, and ends in time', async (t) => {
  const { server, place, ended } = await serverWith(t)
  const refs = []
  for (let i = 0; i < 5; i += 1) refs.push((await place(4096, i % 2 === 0)).ref)
  // Five pairs of this length take minutes; it would be killed.
  const exit = await server.stop()
  assert.deepEqual(exit, { code: 0, signal: null })
  assert.match(await server.logs(), /an order was given back/)
  await server.startAgain()
  for (const ref of refs) assert.equal((await ended(ref, 600_000))['status'], 'ACTIVE')
})
