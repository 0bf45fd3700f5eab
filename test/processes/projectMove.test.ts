import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { PREFERENCE_TTL_MS } from '../../src/crypto/preferredStores.ts'
import { SealedServer } from '../support/sealedServer.ts'
import { until } from '../support/severalNodes.ts'

const SECRETS = 60
/** Slow enough that somebody who looks sees it in the middle. */
const SLOWLY = ['--rate', '40/s']
const PATIENCE_MS = 120_000
/** Enough where nothing is written meanwhile. */
const SHORT_SECONDS = 1
/** Longer than a process takes to hear of a preference: what it writes until then makes a key where the old one was. */
const SAFE_SECONDS = PREFERENCE_TTL_MS / 1000 + 2
const storesWith = (settleSeconds: number) => `[secretstore]
enable_multiple_secret_stores = true
stores_lookup_suffix = first, second
[secretstore:first]
secret_store_plugin = store_crypto
global_default = true
[secretstore:second]
secret_store_plugin = store_crypto
name = Second
kek_store = keyring:second
[keyring:second]
protection = shares
[rotation]
settle_time = ${settleSeconds}
`

/** A server with two stores, the second one sealed by shares, and its clients. */
class MovingCloud {
  readonly node: SealedServer
  readonly token: string
  readonly #shares: readonly string[]
  readonly #payloads = new Map<string, string>()
  readonly #stopping = new AbortController()
  #traffic: Promise<unknown> = Promise.resolve()
  /** Answers that nobody should have got. */
  readonly wrong: string[] = []

  private constructor(node: SealedServer, token: string, shares: readonly string[]) {
    this.node = node
    this.token = token
    this.#shares = shares
  }

  static async open(
    t: ConstructorParameters<typeof SealedServer>[0],
    settleSeconds = SHORT_SECONDS,
  ): Promise<MovingCloud> {
    const node = new SealedServer(t, 'plain')
    node.configure(storesWith(settleSeconds))
    const args = ['kek', 'seal', '--shares=2', '--threshold=2', '--store=keyring:second']
    const shares = (await node.verb(args)).out.trim().split('\n')
    await node.start()
    const cloud = new MovingCloud(node, await node.token(), shares)
    for (let index = 0; index < SECRETS; index += 1) await cloud.store()
    return cloud
  }

  get stored(): number {
    return this.#payloads.size
  }

  async unseal(): Promise<void> {
    for (const share of this.#shares) await this.node.verb(['unseal'], share)
  }

  async store(): Promise<void> {
    const payload = `payload ${this.#payloads.size}`
    this.#payloads.set(await this.node.store(this.token, payload), payload)
  }

  startTraffic(): void {
    const writing = async () => {
      while (!this.#stopping.signal.aborted) {
        await this.store()
        // Not faster than the job can follow.
        await delay(50)
      }
    }
    const reading = async () => {
      for (let round = 0; !this.#stopping.signal.aborted; round += 1) {
        const all = [...this.#payloads]
        const [path, payload] = all[(round * 7) % all.length] ?? assert.fail()
        const found = await this.node.fetched(this.token, path)
        if (found !== payload) this.wrong.push(`${path}: ${found}`)
        await delay(10)
      }
    }
    this.#traffic = Promise.all([writing(), reading(), reading()])
  }

  async stopTraffic(): Promise<void> {
    this.#stopping.abort()
    await this.#traffic
  }

  async assertAllOpens(): Promise<void> {
    for (const [path, payload] of this.#payloads) {
      assert.equal(await this.node.fetched(this.token, path), payload)
    }
    assert.deepEqual(this.wrong, [])
    assert.ok(!this.node.log.includes('"level":"fatal"'))
  }

  rows(sql: string): readonly Readonly<Record<string, unknown>>[] {
    const path = join(this.node.folder, 'state/gatehouse.sqlite')
    const database = new Sqlite(path, { readonly: true, timeout: 10_000 })
    try {
      return database.prepare<[], Record<string, unknown>>(sql).all()
    } finally {
      database.close()
    }
  }

  keys(): readonly string[] {
    return this.rows('select store, state from project_keys order by store').map(
      ({ store, state }) => `${store} ${state}`,
    )
  }

  job(): Readonly<Record<string, unknown>> | undefined {
    return this.rows('select * from jobs order by created_at desc limit 1')[0]
  }

  async untilJob(isSo: (job: Readonly<Record<string, unknown>>) => boolean): Promise<void> {
    const found = () => this.job()
    await until(
      () => {
        const job = found()
        return job !== undefined && isSo(job)
      },
      `not so: ${JSON.stringify(found())}`,
      PATIENCE_MS,
    )
  }
}

const isUnderWay = (job: Readonly<Record<string, unknown>>) =>
  job['state'] === 'running' && Number(job['done']) > 0
const isDone = (job: Readonly<Record<string, unknown>>) => job['state'] === 'done'
const MOVED = ['keyring:second active']

async function endOf(child: ChildProcess): Promise<{ readonly code: number | null; out: string }> {
  let out = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (bytes) => {
      out += bytes
    })
  }
  const code = await new Promise<number | null>((end) => child.once('close', end))
  return { code, out }
}

test('a project moves to another store beside its traffic: a bar, exit code 0, and nothing of it in the old store', async (t) => {
  const cloud = await MovingCloud.open(t, SAFE_SECONDS)
  const { node } = cloud
  await cloud.unseal()
  cloud.startTraffic()
  const config = join(node.folder, 'gatehouse.conf')
  const args = [
    'project',
    'move',
    'p',
    '--to',
    'second',
    '--verify',
    'full',
    '--config-file',
    config,
  ]
  const command = [process.execPath, resolve('bin/gatehouse.js'), ...args].join(' ')
  // `script` gives the command a terminal.
  const moving = endOf(spawn('script', ['-qec', command, '/dev/null'], { env: { ...node.env } }))
  const { code, out } = await moving
  assert.equal(code, EXIT_CODES.done.code, out)
  const atItsEnd = cloud.stored
  await until(() => cloud.stored > atItsEnd, 'no traffic any more', PATIENCE_MS)
  await cloud.stopTraffic()
  assert.match(out, /project-move: \w+ +\[[#= .>-]*\] +\d+ %/)
  assert.match(out, /state {7}done/)
  assert.match(out, /destroyed {3}1 project keys/)
  assert.ok(node.messages.includes('a job is worked on here'), 'the server did not take it')
  assert.ok(cloud.stored > SECRETS)
  assert.deepEqual(cloud.keys(), MOVED)
  await cloud.assertAllOpens()
  // By the new store alone: the old one is not asked for anything.
  await node.verb(['seal'])
  const [path] = cloud.rows('select id from secrets limit 1').map(({ id }) => `/v1/secrets/${id}`)
  assert.equal(await node.fetched(cloud.token, path ?? ''), 'metadata 503')
})

test('where the other store is away the move waits, says so, and goes on by itself when it is back', async (t) => {
  const cloud = await MovingCloud.open(t)
  const { node } = cloud
  const child = node.spawned(['project', 'move', 'p', '--to', 'second'])
  const moving = endOf(child)
  await cloud.untilJob(({ trouble }) => /sealed|does not answer/.test(String(trouble)))
  await delay(1_500)
  assert.equal(child.exitCode, null, 'it did not wait')
  assert.deepEqual(cloud.keys(), ['keyring active'])
  await cloud.assertAllOpens()
  await cloud.unseal()
  const { code, out } = await moving
  assert.equal(code, EXIT_CODES.done.code, out)
  assert.match(out, /waiting: KEK store keyring:second|waiting: The KEK store keyring:second/)
  assert.deepEqual(cloud.keys(), MOVED)
  await cloud.store()
  await cloud.assertAllOpens()
})

test('a verb that is killed leaves the move to the server, which ends it', async (t) => {
  const cloud = await MovingCloud.open(t)
  await cloud.unseal()
  const child = cloud.node.spawned(['project', 'move', 'p', '--to', 'second', ...SLOWLY])
  const moving = endOf(child)
  await cloud.untilJob(isUnderWay)
  child.kill('SIGKILL')
  assert.equal((await moving).code, null)
  await cloud.untilJob(isDone)
  assert.equal(Number(cloud.job()?.['failed']), 0)
  assert.deepEqual(cloud.keys(), MOVED)
  await cloud.assertAllOpens()
})

test('Ctrl-C leaves the move to the server with exit code 17, and says that it goes on', async (t) => {
  const cloud = await MovingCloud.open(t)
  await cloud.unseal()
  const child = cloud.node.spawned(['project', 'move', 'p', '--to', 'second', ...SLOWLY])
  const moving = endOf(child)
  await cloud.untilJob(isUnderWay)
  child.kill('SIGINT')
  const { code, out } = await moving
  assert.equal(code, EXIT_CODES.unfinished.code, out)
  assert.match(out, /state {7}running/)
  assert.match(out, /The job goes on\./)
  await cloud.untilJob(isDone)
  assert.deepEqual(cloud.keys(), MOVED)
  const again = await cloud.node.run(['project', 'move', 'p', '--to', 'second'])
  assert.equal(again.code, EXIT_CODES.done.code)
  await cloud.assertAllOpens()
})
