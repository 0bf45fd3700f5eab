import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { type Answer, ask } from '../peers/ask.ts'
import { Gatehouse } from '../peers/gatehouse.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import { SteppedClock } from '../support/steppedClock.ts'
import { LoadedNode } from './loadedNode.ts'

/** An NTP server that is wrong, a virtual machine that was asleep, somebody with `date`. */
const HOUR = 60
const STEPS = [HOUR, 0, -HOUR, 0, HOUR, -HOUR, 0]

async function scene(t: TestContext, housekeeping: Readonly<Record<string, string>> = {}) {
  const clock = await SteppedClock.make(t)
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-clock-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  const configuration = { housekeeping }
  const server = await Gatehouse.start({ name: 'node', folder, configuration, env: clock.env })
  t.after(() => server.stop())
  const tokenFor = async (ttl: string) => {
    const asked = ['token', 'issue', '--project', 'p', '--role', 'creator', '--ttl', ttl]
    return (await server.command(...asked)).trim().split('\n').at(-1) ?? ''
  }
  const token = await tokenFor('8h')
  const store = async (expiresInMinutes?: number): Promise<string> => {
    const expiration =
      expiresInMinutes === undefined
        ? {}
        : {
            expiration: new Date(Date.now() + expiresInMinutes * 60_000).toISOString().slice(0, -1),
          }
    const json = { payload: 'x', payload_content_type: 'text/plain', ...expiration }
    const answer = await ask(`${server.url}/v1/secrets`, { method: 'POST', token, json })
    assert.equal(answer.status, 201, answer.text)
    return String(parsed(answer)['secret_ref'])
  }
  const get = (ref: string, as = token) => ask(ref, { token: as })
  const path = join(folder, 'node', 'state', 'gatehouse.sqlite')
  const rows = (sql: string) => {
    const file = new Sqlite(path, { readonly: true, timeout: 60_000 })
    try {
      return file.prepare<[], { count: number }>(sql).get()?.count
    } finally {
      file.close()
    }
  }
  const change = (sql: string, ...params: readonly unknown[]) => {
    const file = new Sqlite(path, { timeout: 60_000 })
    try {
      file.prepare(sql).run(...params)
    } finally {
      file.close()
    }
  }
  return { clock, server, token, tokenFor, store, get, rows, change }
}

function parsed(answer: Answer): Readonly<Record<string, unknown>> {
  return JSON.parse(answer.text) as Readonly<Record<string, unknown>>
}

test('a token ends with the wall clock, whichever way that is put', async (t) => {
  const { clock, get, store, tokenFor } = await scene(t)
  const ref = await store()
  const short = await tokenFor('30m')
  assert.equal((await get(ref, short)).status, 200)
  clock.set(HOUR)
  assert.equal((await get(ref, short)).status, 401)
  assert.equal((await get(ref)).status, 200)
  clock.set(0)
  assert.equal((await get(ref, short)).status, 200)
  // Issued, as this server sees it, an hour from now.
  clock.set(-HOUR)
  assert.equal((await get(ref, short)).status, 200)
})

test('an expired secret is gone by the wall clock; its row is left alone by a housekeeper in a hurry', async (t) => {
  const { clock, get, rows, store } = await scene(t, { interval: '1' })
  const soon = await store(30)
  const later = await store(3 * HOUR)
  clock.set(HOUR)
  assert.equal((await get(soon)).status, 404)
  assert.equal((await get(later)).status, 200)
  await delay(3_000)
  assert.equal(rows('select count(*) as count from secrets'), 2)
  clock.set(0)
  assert.equal((await get(soon)).status, 200)
})

test('what is made after a step back says so, and lists stay in the order of their times, whole and without doubles', async (t) => {
  const { clock, get, server, store } = await scene(t)
  const made: string[] = []
  for (const minutes of STEPS) {
    clock.set(minutes)
    for (let i = 0; i < 3; i += 1) made.push(await store())
  }
  const listed: { readonly secret_ref: string; readonly created: string }[] = []
  for (let offset = 0; offset < made.length; offset += 5) {
    const page = parsed(await get(`${server.url}/v1/secrets?limit=5&offset=${offset}`))
    listed.push(...(page['secrets'] as typeof listed))
  }
  assert.deepEqual(listed.map(({ secret_ref }) => secret_ref).toSorted(), made.toSorted())
  const times = listed.map(({ created }) => created)
  assert.deepEqual(times, times.toSorted())
  const span = Date.parse(`${times.at(-1)}Z`) - Date.parse(`${times[0]}Z`)
  assert.ok(span > 119 * 60_000 && span < 125 * 60_000, `${span} ms`)
})

test('a project is shredded by whoever has it, and no clock takes it from him or keeps it from his heir', async (t) => {
  const { change, clock, rows, server, store } = await scene(t)
  await store()
  // Another node, whose clock is an hour ahead, or behind: it gives a sign of life every second.
  const beat = (minutes: number) => {
    const until = new Date(Date.now() + minutes * 60_000).toISOString().replace('Z', '000')
    change("update projects set lease_until = ? where lease_owner = 'other'", until)
  }
  change(
    "update projects set state = 'shredding', source = 'operator', not_before = '2026-01-01T00:00:00.000000', " +
      "lease_owner = 'other', lease_until = '2026-01-01T00:00:00.000000'",
  )
  change("update project_keys set state = 'destroying', wrapped = ?", Buffer.alloc(0))
  for (const minutes of [HOUR, -HOUR]) {
    clock.set(-minutes)
    // Two looks and more, of which there is one in ten seconds.
    for (let beats = 0; beats < 25; beats += 1) {
      beat(minutes)
      await delay(1_000)
    }
    assert.equal(rows("select count(*) as count from projects where lease_owner = 'other'"), 1)
    assert.equal(rows('select count(*) as count from secrets'), 1)
  }
  beat(HOUR)
  const late = performance.now() + 240_000
  while (rows("select count(*) as count from projects where state = 'shredded'") !== 1) {
    assert.ok(performance.now() < late, 'it waits for a clock')
    await delay(500)
  }
  assert.equal(rows('select count(*) as count from secrets'), 0)
  assert.match(await server.logs(), /whoever shredded a project stood still/)
})

for (const [name, connectionOn] of Object.entries({
  SQLite: async () => ({}),
  MariaDB: async (t: TestContext) => ({ connection: (await ownMariadb(t)).url }),
  PostgreSQL: async (t: TestContext) => ({ connection: (await ownPostgres(t)).url }),
})) {
  test(`steps of an hour under load on ${name}: no request fails, nothing is lost`, async (t) => {
    const clock = await SteppedClock.make(t)
    const node = await LoadedNode.start(t, await connectionOn(t), clock.env)
    await node.load()
    node.tally()
    for (const minutes of STEPS) {
      clock.set(minutes)
      await delay(1_200)
      assert.ok(Math.abs((await node.minutesAhead()) - minutes) <= 1)
    }
    await node.flows()
    await node.assertKept('clock steps')
    const { done, unavailable } = node.tally()
    assert.equal(unavailable, 0)
    t.diagnostic(`${done} requests over ${STEPS.length} steps; ${await node.assertAllKept()}`)
    await node.assertLogIsClean()
  })
}
