import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Fault, unavailable } from '../../../src/lib/fault.ts'
import type { Log, LogFields } from '../../../src/lib/log.ts'
import { AccessLog } from '../../../src/ops/accessLog.ts'
import { AdminListener } from '../../../src/ops/adminListener.ts'
import { OperatorAlarms } from '../../../src/ops/alarms.ts'
import { Audit } from '../../../src/ops/audit.ts'
import { DisableFile } from '../../../src/ops/disableFile.ts'
import { LoopDelay } from '../../../src/ops/loopDelay.ts'
import { Metrics } from '../../../src/ops/metrics.ts'
import { type Probe, Readiness } from '../../../src/ops/readiness.ts'
import { RequestWatch } from '../../../src/ops/requestWatch.ts'

function memoryLog() {
  const lines: { readonly level: string; readonly fields: LogFields; readonly message: string }[] =
    []
  const at = (level: string) => (fields: LogFields, message: string) =>
    void lines.push({ level, fields, message })
  const log: Log = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    fatal: at('fatal'),
  }
  return { log, lines }
}

function manualClock() {
  let nowMs = 1000
  return {
    monotonicMs: () => nowMs,
    wait: (ms: number) => {
      nowMs += ms
    },
  }
}

/** The value of one series, such as `x_total{a="b"}`. */
async function series(metrics: Metrics, name: string): Promise<number | undefined> {
  const line = (await metrics.text()).split('\n').find((one) => one.startsWith(`${name} `))
  return line === undefined ? undefined : Number(line.split(' ')[1])
}

const completed = {
  method: 'GET',
  route: '/v1/secrets',
  status: 200,
  durationMs: 3,
  bytes: 1,
  requestId: 'req-1',
  globalRequestId: null,
  remoteAddress: '::1',
  caller: undefined,
  microversion: undefined,
} as const

describe('metrics', () => {
  it('count requests and their time by method, route and status', async () => {
    const metrics = new Metrics()
    metrics.requestCompleted(completed)
    metrics.requestCompleted({ ...completed, durationMs: 600 })
    metrics.requestCompleted({ ...completed, status: 404 })
    const name = 'gatehouse_http_request_duration_seconds'
    const labels = 'method="GET",route="/v1/secrets",status="200"'
    assert.equal(await series(metrics, `${name}_count{${labels}}`), 2)
    assert.equal(await series(metrics, `${name}_bucket{le="0.005",${labels}}`), 1)
    assert.equal(await series(metrics, `${name}_bucket{le="1",${labels}}`), 2)
  })

  it('do not grow with what clients make up', async () => {
    const metrics = new Metrics()
    for (let index = 0; index < 100; index += 1) {
      metrics.requestCompleted({ ...completed, method: `M${index}` })
    }
    assert.equal((await metrics.text()).match(/_seconds_count\{method=/g)?.length, 1)
  })

  it('show that nothing is wrong before anything is: alarms and lost lines are 0, not absent', async () => {
    const metrics = new Metrics()
    assert.equal(await series(metrics, 'gatehouse_integrity_alarms_total{kind="secret"}'), 0)
    assert.equal(await series(metrics, 'gatehouse_lost_lines_total{stream="audit"}'), 0)
    assert.equal(await series(metrics, 'gatehouse_keystone_up'), undefined)
  })

  it('hold what the rooms report', async () => {
    const metrics = new Metrics()
    metrics.projectKeyLookedUp('hit')
    metrics.watchTokens(() => ({ hits: 0, misses: 0, stale: 1 }))
    metrics.keks.called({
      store: 'keyring',
      operation: 'unwrap',
      outcome: 'done',
      durationMs: 2,
    })
    metrics.committed(32, 4)
    metrics.checkpointed('truncate', true)
    metrics.databaseTroubled('writerDied')
    metrics.keystoneIs(false)
    metrics.gauge('gatehouse_test', 'A test.', () => 7)
    for (const [name, value] of [
      ['gatehouse_project_key_cache_lookups_total{outcome="hit"}', 1],
      ['gatehouse_token_cache_lookups_total{outcome="stale"}', 1],
      [
        'gatehouse_kek_call_duration_seconds_count{store="keyring",operation="unwrap",outcome="done"}',
        1,
      ],
      ['gatehouse_group_commit_commands_sum', 32],
      ['gatehouse_checkpoints_total{mode="truncate",outcome="busy"}', 1],
      ['gatehouse_database_troubles_total{kind="writerDied"}', 1],
      ['gatehouse_keystone_up', 0],
      ['gatehouse_test', 7],
    ] as const) {
      assert.equal(await series(metrics, name), value, name)
    }
    assert.notEqual(await series(metrics, 'process_resident_memory_bytes'), undefined)
  })
})

describe('an integrity alarm', () => {
  it('reaches log, metric and audit', async () => {
    const { log, lines } = memoryLog()
    const metrics = new Metrics()
    const written: string[] = []
    const audit = new Audit({
      write: (text) => void written.push(text),
      epochMs: () => 0,
      onLine: () => undefined,
    })
    new OperatorAlarms({ log, metrics, audit }).integrity({
      what: 'row MAC does not match',
      kind: 'order',
      id: 'x',
      projectId: null,
    })
    assert.equal(lines[0]?.level, 'fatal')
    assert.equal(lines[0]?.fields['what'], 'row MAC does not match')
    assert.equal(await series(metrics, 'gatehouse_integrity_alarms_total{kind="order"}'), 1)
    assert.match(written.join(''), /"event":"integrity"/)
  })
})

describe('a request that failed', () => {
  const watched = (error: unknown) => {
    const { log, lines } = memoryLog()
    const accessLog = new AccessLog({
      level: 'none',
      sample: 1,
      write: () => undefined,
      epochMs: () => 0,
    })
    const watch = new RequestWatch({ accessLog, metrics: new Metrics(), audit: undefined, log })
    watch.failed(error, { requestId: 'req-1', route: '/v1/secrets' })
    watch.refused({ requestId: 'req-1', remoteAddress: '::1', reason: 'no token' })
    return lines
  }

  it('is a warning when something is away, an error when it is a bug, and always has the request id', () => {
    const away = watched(unavailable('The database is away.'))
    assert.deepEqual(
      away.map(({ level, fields }) => [level, fields['requestId']]),
      [['warn', 'req-1']],
    )
    assert.equal(watched(new TypeError('x'))[0]?.level, 'error')
    assert.match(watched(new TypeError('x'))[0]?.message ?? '', /bug/)
    assert.equal(watched('a string')[0]?.level, 'error')
    assert.doesNotMatch(watched(new Fault('corrupted', 'x'))[0]?.message ?? '', /bug/)
  })
})

describe('many requests that fail because something is away', () => {
  it('are one line a second, which says how many there were', () => {
    const { log, lines } = memoryLog()
    const clock = manualClock()
    const watch = new RequestWatch({
      accessLog: new AccessLog({
        level: 'none',
        sample: 1,
        write: () => undefined,
        epochMs: () => 0,
      }),
      metrics: new Metrics(),
      audit: undefined,
      log,
      monotonicMs: clock.monotonicMs,
    })
    const fail = (error: unknown) =>
      watch.failed(error, { requestId: 'req-1', route: '/v1/secrets' })
    for (let index = 0; index < 500; index += 1) fail(unavailable('The database is away.'))
    fail(new TypeError('a bug in between is never left out'))
    clock.wait(1000)
    fail(unavailable('The database is away.'))
    assert.deepEqual(
      lines.map(({ level, fields }) => [level, fields['alikeSinceLastLine']]),
      [
        ['warn', 0],
        ['error', undefined],
        ['warn', 499],
      ],
    )
  })
})

describe('the overload guard', () => {
  function guard(limitMs: number) {
    const clock = manualClock()
    const told: number[] = []
    const delay = new LoopDelay({
      limitMs,
      monotonicMs: clock.monotonicMs,
      onOverload: (ms) => void told.push(ms),
    })
    delay.start()
    delay.stop()
    const turn = (lateMs: number) => {
      clock.wait(100 + lateMs)
      delay.look()
    }
    return { delay, turn, told }
  }

  it('forgives one late turn, as of a garbage collection', () => {
    const { delay, turn } = guard(1000)
    turn(5000)
    assert.equal(delay.isOverloaded(), false)
    turn(0)
    turn(5000)
    assert.equal(delay.isOverloaded(), false)
  })

  it('sheds after two in a row, says so once, and stops as soon as a turn is in time', () => {
    const { delay, turn, told } = guard(1000)
    turn(1500)
    turn(1500)
    turn(1500)
    assert.equal(delay.isOverloaded(), true)
    assert.deepEqual(told, [1500])
    turn(20)
    assert.equal(delay.isOverloaded(), false)
    assert.equal(delay.delayMs, 20)
  })

  it('never sheds with limit 0', () => {
    const { delay, turn } = guard(0)
    turn(60_000)
    turn(60_000)
    assert.equal(delay.isOverloaded(), false)
  })
})

describe('the healthcheck file', () => {
  it('is seen within a second of being made or removed, whichever of the paths it has', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-health-'))
    t.after(() => rmSync(folder, { recursive: true }))
    const paths = [join(folder, 'a'), join(folder, 'b')]
    const clock = manualClock()
    const file = new DisableFile(paths, clock.monotonicMs)
    assert.equal(await file.isDisabled(), false)
    writeFileSync(join(folder, 'b'), '')
    clock.wait(500)
    assert.equal(await file.isDisabled(), false)
    clock.wait(500)
    assert.equal(await file.isDisabled(), true)
    rmSync(join(folder, 'b'))
    clock.wait(1000)
    assert.equal(await file.isDisabled(), false)
  })
})

describe('readiness', () => {
  const ok: Probe = { name: 'database', isRequired: true, check: async () => undefined }
  const bad = (isRequired: boolean, error: unknown): Probe => ({
    name: 'keystone',
    isRequired,
    check: async () => {
      throw error
    },
  })
  const readiness = (...probes: readonly Probe[]) =>
    new Readiness({ probes, monotonicMs: () => 0, isDraining: () => false })

  it('needs what is required, and reports the rest', async () => {
    assert.deepEqual(await readiness(ok).report(), { ready: true, checks: { database: 'ok' } })
    const limping = await readiness(
      ok,
      bad(false, unavailable('Keystone does not answer.')),
    ).report()
    assert.deepEqual(limping, {
      ready: true,
      checks: { database: 'ok', keystone: 'failed: Keystone does not answer.' },
    })
    assert.equal((await readiness(ok, bad(true, unavailable('x'))).report()).ready, false)
  })

  it('tells strangers nothing of unforeseen errors', async () => {
    const report = await readiness(bad(true, new Error('mysql://u:hunter2@db'))).report()
    assert.equal(report.checks['keystone'], 'failed: see the log')
  })

  it('asks once for many who ask at the same time, and again two seconds later', async () => {
    const clock = manualClock()
    let asked = 0
    const counting: Probe = {
      ...ok,
      check: async () => {
        asked += 1
      },
    }
    const shared = new Readiness({
      probes: [counting],
      monotonicMs: clock.monotonicMs,
      isDraining: () => false,
    })
    await Promise.all([shared.report(), shared.report(), shared.report()])
    clock.wait(1999)
    await shared.report()
    assert.equal(asked, 1)
    clock.wait(1)
    await shared.report()
    assert.equal(asked, 2)
  })

  it('does not wait for a probe that never answers', async () => {
    const hanging: Probe = { ...ok, check: () => new Promise(() => undefined) }
    // The timer of a timeout does not keep a process alive; a server's sockets do, here this does.
    const keepAlive = setInterval(() => undefined, 20)
    const report = await new Readiness({
      probes: [hanging],
      monotonicMs: () => 0,
      isDraining: () => false,
      timeoutMs: 50,
    }).report()
    clearInterval(keepAlive)
    assert.deepEqual(report, {
      ready: false,
      checks: { database: 'failed: no answer within 50 ms' },
    })
  })

  it('is over when the process drains', async () => {
    const draining = new Readiness({ probes: [ok], monotonicMs: () => 0, isDraining: () => true })
    assert.deepEqual(await draining.report(), { ready: false, checks: { process: 'draining' } })
  })
})

describe('the admin listener', () => {
  const listener = async (t: { after(work: () => Promise<void>): unknown }, ready = true) => {
    const probe: Probe = {
      name: 'database',
      isRequired: true,
      check: async () => {
        if (!ready) throw unavailable('away')
      },
    }
    const admin = new AdminListener({
      bindHost: '127.0.0.1',
      bindPort: 0,
      metrics: new Metrics(),
      readiness: new Readiness({ probes: [probe], monotonicMs: () => 0, isDraining: () => false }),
    })
    const address = await admin.open()
    t.after(() => admin.close())
    return address
  }

  it('serves metrics and readiness, and nothing else', async (t) => {
    const address = await listener(t)
    const metrics = await fetch(`${address}/metrics`)
    assert.equal(metrics.status, 200)
    assert.match(metrics.headers.get('content-type') ?? '', /^text\/plain/)
    assert.match(await metrics.text(), /gatehouse_integrity_alarms_total/)
    const readyz = await fetch(`${address}/readyz?verbose`)
    assert.deepEqual(await readyz.json(), { ready: true, checks: { database: 'ok' } })
    assert.equal(await (await fetch(`${address}/livez`)).text(), 'ok\n')
    for (const path of ['/', '/v1/secrets', '/metrics/x', '/%2e%2e/etc/passwd']) {
      const answer = await fetch(`${address}${path}`)
      assert.equal(answer.status, 404)
      await answer.body?.cancel()
    }
    const post = await fetch(`${address}/metrics`, { method: 'POST' })
    assert.equal(post.status, 405)
    assert.equal(post.headers.get('allow'), 'GET, HEAD')
    await post.body?.cancel()
  })

  it('answers 503 when this node cannot do its work', async (t) => {
    const answer = await fetch(`${await listener(t, false)}/readyz`)
    assert.equal(answer.status, 503)
    assert.deepEqual(await answer.json(), { ready: false, checks: { database: 'failed: away' } })
    const { origin } = new URL(answer.url)
    assert.equal((await fetch(`${origin}/livez`)).status, 200, 'no reason to start it again')
  })

  it('survives what is no HTTP', async (t) => {
    const address = new URL(await listener(t))
    const socket = connect(Number(address.port), address.hostname)
    socket.write('\0\xff\r\n\r\n')
    await new Promise((resolve) => socket.once('close', resolve).resume())
    const answer = await fetch(`${address.href}readyz`)
    assert.equal(answer.status, 200)
    await answer.body?.cancel()
  })
})
