import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { rename } from 'node:fs/promises'
import { Agent, get, request } from 'node:http'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { ask } from '../peers/ask.ts'
import type { Configuration, Gatehouse } from '../peers/gatehouse.ts'
import { freshServerDatabase } from '../support/serverDatabase.ts'
import { metric, startNodes, until } from '../support/severalNodes.ts'
import { Starved } from '../support/starved.ts'

const WORKERS = 3

/** Children of the server that are servers themselves. */
function workersOf({ pid }: Gatehouse): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return children.trim().split(' ').filter(Boolean).map(Number)
}

async function areReady(node: Gatehouse): Promise<boolean> {
  return (await metric(node, 'gatehouse_workers ')) === WORKERS
}

describe('several workers on one port', () => {
  const started = async (
    t: { after(work: () => unknown): unknown },
    settings: Configuration['DEFAULT'] = {},
    others: Configuration = {},
  ) => {
    const DEFAULT = { workers: String(WORKERS), ...settings }
    const database = await freshServerDatabase('postgresql')
    t.after(() => database.drop())
    const { nodes, caller } = await startNodes(t, [database.url], { ...others, DEFAULT })
    const [node] = nodes
    assert.ok(node !== undefined)
    await until(() => areReady(node), 'not all workers serve')
    return { node, caller }
  }

  test('they share the port, Node flags and logs; what there is to watch is their sum', async (t) => {
    const { node, caller: callerOf } = await started(t)
    const caller = await callerOf('p', ['creator'])
    const pids = workersOf(node)
    assert.equal(pids.length, WORKERS)
    for (const pid of pids) {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      assert.match(command, /--max-semi-space-size=4/)
    }
    const before = await metric(node, 'gatehouse_http_request_duration_seconds_count')
    const ids = await Promise.all(
      Array.from({ length: 60 }, (_, n) => caller.store(node, `payload ${n}`)),
    )
    for (const [n, id] of ids.entries())
      assert.equal(await caller.payload(node, id), `payload ${n}`)
    const after = await metric(node, 'gatehouse_http_request_duration_seconds_count')
    assert.equal(after - before, 120)
    const { status, text } = await ask(`${node.adminUrl}/readyz`)
    assert.equal(status, 200)
    const { checks } = JSON.parse(text) as { readonly checks: Record<string, string> }
    assert.equal(checks['database'], 'ok')
    assert.equal(checks['workers'], 'ok')
    assert.equal(await metric(node, 'gatehouse_housekeeping_holder '), 1)

    const lines = (await node.logs()).split('\n').filter((line) => line.startsWith('{'))
    const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>)
    const numbers = new Set(records.map(({ worker, pid }) => worker !== undefined && pid))
    for (const pid of pids) assert.ok(numbers.has(pid), `no line of ${pid}`)
    assert.equal(records.filter(({ message }) => message === 'Gatehouse starts').length, 1)
  })

  test('one that is killed is started again, and nobody else notices', async (t) => {
    const { node, caller: callerOf } = await started(t)
    const caller = await callerOf('p', ['creator'])
    const id = await caller.store(node, 'it stays')
    const victims = workersOf(node)
    for (const [round, pid] of victims.entries()) {
      process.kill(pid, 'SIGKILL')
      await until(async () => !workersOf(node).includes(pid), 'it lives')
      // Connections of the dead one are cut; a new one is served at once.
      assert.equal(await caller.payload(node, id), 'it stays')
      assert.equal((await ask(`${node.adminUrl}/readyz`)).status, 200)
      await until(() => areReady(node), 'it was not started again')
      assert.equal(await metric(node, 'gatehouse_worker_restarts '), round + 1)
    }
    assert.match(await node.logs(), /a worker died and is started again/)
  })

  test('one whose loop is late sends its own away, and the others do everything', {
    timeout: 120_000,
  }, async (t) => {
    const { node, caller: callerOf } = await started(
      t,
      {},
      { gatehouse: { loop_delay_limit_ms: '2000' } },
    )
    const { token } = await callerOf('p', ['creator'])
    const list = () =>
      new Promise<number | string>((resolve) => {
        const headers = { 'x-auth-token': token }
        // A connection of its own each time: they are dealt out in turn.
        get(
          `${node.url}/v1/secrets`,
          { agent: false, headers },
          ({ statusCode, headers: heard }) => {
            const isPlain = statusCode === 200 || heard['retry-after'] === '1'
            resolve(isPlain ? (statusCode ?? 0) : `${statusCode} without Retry-After`)
          },
        ).once('error', ({ message }) => resolve(message))
      })
    const [victim] = workersOf(node)
    assert.ok(victim !== undefined)
    const starved = new Starved(victim, 2_500)
    const statuses = new Map<number | string, number>()
    try {
      while ((statuses.get(503) ?? 0) < 3) {
        for (const status of await Promise.all(Array.from({ length: 2 * WORKERS }, list))) {
          statuses.set(status, (statuses.get(status) ?? 0) + 1)
        }
      }
    } finally {
      await starved.end()
    }
    t.diagnostic(JSON.stringify([...statuses]))
    assert.deepEqual([...statuses.keys()].toSorted(), [200, 503])
    const total = [...statuses.values()].reduce((sum, count) => sum + count, 0)
    assert.ok((statuses.get(200) ?? 0) >= ((WORKERS - 1) / WORKERS) * total, 'others send away')
    assert.equal(
      await metric(node, 'gatehouse_shed_requests_total{reason="late loop"} '),
      statuses.get(503),
    )
    assert.ok(workersOf(node).includes(victim), 'it was taken for dead')
    await until(async () => (await list()) === 200, 'nobody lists')
  })

  test('a stop under load lets every request finish, announces every close, and ends with 0', async (t) => {
    const { node, caller: callerOf } = await started(t)
    const creator = await callerOf('p', ['creator'])
    const id = await creator.store(node, 'it stays')
    const agent = new Agent({ keepAlive: true, maxSockets: 24 })
    t.after(() => agent.destroy())
    let served = 0
    let cutAtTheDoor = 0
    const wrong: string[] = []
    const call = () =>
      new Promise<'open' | 'closing' | 'refused'>((resolve) => {
        const url = `${node.url}/v1/secrets/${id}/payload`
        const headers = { 'x-auth-token': creator.token, accept: 'text/plain' }
        const sent = get(url, { agent, headers }, (response) => {
          response.resume()
          response.once('end', () => {
            if (response.statusCode === 200) served += 1
            else wrong.push(`status ${response.statusCode}`)
            resolve(response.headers.connection === 'close' ? 'closing' : 'open')
          })
        }).once('error', (error: NodeJS.ErrnoException) => {
          // One that had just connected: the listener closed with it in its queue, or before.
          if (!sent.reusedSocket) cutAtTheDoor += 1
          else wrong.push(`${error.code} ${error.message}`)
          resolve('refused')
        })
      })
    const callers = Array.from({ length: 24 }, async () => {
      while ((await call()) !== 'refused');
    })
    await until(() => served > 200, 'there is no load')
    const exit = await node.stop()
    await Promise.all(callers)
    assert.deepEqual(wrong, [])
    t.diagnostic(`${served} served, ${cutAtTheDoor} cut or refused as they came`)
    assert.ok(cutAtTheDoor <= 2 * callers.length)
    assert.deepEqual(exit, { code: 0, signal: null })
    assert.deepEqual((await node.logs()).match(/did not end as it should/), null)
  })

  test('SIGHUP reaches all: each goes on in a new log file', async (t) => {
    const { node, caller: callerOf } = await started(t)
    const caller = await callerOf('p', ['creator'])
    const folder = dirname(
      readFileSync(`/proc/${node.pid}/cmdline`, 'utf8').split('\0').at(-2) ?? '',
    )
    await rename(join(folder, 'gatehouse.log'), join(folder, 'old.txt'))
    node.signal('SIGHUP')
    const path = join(folder, 'gatehouse.log')
    const seen = () =>
      readFileSync(path, { encoding: 'utf8', flag: 'a+' }).match(/"worker":\d.*reloaded/g)?.length
    await until(() => seen() === WORKERS, 'not all reloaded')
    const old = readFileSync(join(folder, 'old.txt'), 'utf8')
    await caller.store(node, 'x')
    assert.equal(readFileSync(join(folder, 'old.txt'), 'utf8'), old)
  })

  test('a changed policy file is in force in every worker by itself, and a broken one in none', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-policy-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const path = join(folder, 'policy.yaml')
    const rule = (check: string) => writeFileSync(path, `"secrets:get": "${check}"\n`)
    rule('role:creator')
    const { node, caller } = await started(t, {}, { oslo_policy: { policy_file: path } })
    const creator = await caller('p', ['creator'])
    // Each call is a connection of its own, and they go round.
    const answers = async () => {
      const asked = Array.from({ length: 4 * WORKERS }, () =>
        creator.ask(node, 'GET', '/v1/secrets'),
      )
      return new Set((await Promise.all(asked)).map(({ status }) => status))
    }
    assert.deepEqual(await answers(), new Set([200]))
    rule('!')
    await until(async () => !(await answers()).has(200), 'somebody still allows it')
    rule('role:creator or (')
    const broken = /the last good policy stays/g
    await until(
      async () => ((await node.logs()).match(broken)?.length ?? 0) >= WORKERS,
      'not all saw that it is broken',
    )
    assert.deepEqual(await answers(), new Set([403]))
    rule('role:creator')
    await until(async () => !(await answers()).has(403), 'somebody still refuses it')
  })

  test('a parent that is killed takes its workers along', async (t) => {
    const { node } = await started(t)
    const pids = workersOf(node)
    await node.kill()
    const isAlive = (pid: number) => {
      try {
        return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
      } catch {
        return false
      }
    }
    await until(() => !pids.some(isAlive), 'workers outlive their parent')
  })

  test('on a Unix socket, also over one that a killed server left behind', async (t) => {
    const socket = join('/tmp', `gatehouse-${process.pid}.sock`)
    const { node: plain } = await started(t)
    await plain.stop()
    await plain.reconfigure({ DEFAULT: { bind_host: `unix:${socket}`, workers: '2' } })
    const statusOver = () =>
      new Promise<number>((resolve) => {
        request({ socketPath: socket, path: '/healthcheck' }, (response) => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
          .once('error', () => resolve(0))
          .end()
      })
    for (const end of ['kill', 'stop'] as const) {
      plain.launch()
      await until(async () => (await statusOver()) === 200, 'nobody answers on the socket')
      await until(async () => (await metric(plain, 'gatehouse_workers ')) === 2, 'not both serve')
      await plain[end]()
    }
  })

  test('a start that is refused ends with the reason and code of its first worker, once', async (t) => {
    const { node } = await started(t)
    await node.stop()
    await node.reconfigure({
      keyring: { file: join('/tmp', `no-such-keyring-${process.pid}`) },
    })
    node.launch()
    const exit = await node.exited()
    assert.equal(exit.code, 4)
    const refusals = (await node.logs()).match(/^gatehouse: .*$/gm) ?? []
    assert.equal(refusals.length, 1, refusals.join('\n'))
  })
})
