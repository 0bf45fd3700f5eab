import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ask } from '../peers/ask.ts'
import { Gatehouse } from '../peers/gatehouse.ts'
import { PASSWORD } from '../support/ownServer.ts'
import { UsableTime } from '../support/usableTime.ts'
import { ApiHammer, type Tally } from './apiHammer.ts'
import { CrashLedger } from './crashLedger.ts'
import { assertNothingTorn, assertPromisesKept } from './promises.ts'

const WRITERS = 8
const READERS = 4
const FIRST_SECRETS = 20

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

/** A real `gatehouse serve` that writers and readers do not leave alone, whatever happens to its database. */
export class LoadedNode {
  readonly gatehouse: Gatehouse
  readonly #ledger = new CrashLedger()
  readonly #hammer: ApiHammer
  readonly #survivor: ApiHammer
  readonly #token: string
  readonly #pid: number
  #known = 0
  #hammering: Promise<void> | undefined
  #trouble: unknown

  private constructor(gatehouse: Gatehouse, token: string) {
    this.gatehouse = gatehouse
    this.#token = token
    this.#pid = gatehouse.pid
    const origin = gatehouse.url
    const say = (line: string) => this.#ledger.hear(`${line}\n`)
    this.#hammer = new ApiHammer({ origin, token, say, isPatient: true })
    this.#survivor = new ApiHammer({ origin, token, say })
  }

  static async start(
    t: CleansUp,
    database: Readonly<Record<string, string>>,
    env: NodeJS.ProcessEnv = {},
  ): Promise<LoadedNode> {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-outage-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const configuration = { database }
    const gatehouse = await Gatehouse.start({ name: 'node', folder, configuration, env })
    const asked = ['token', 'issue', '--project', 'p', '--role', 'creator', '--ttl', '8h']
    const printed = await gatehouse.command(...asked)
    const node = new LoadedNode(gatehouse, printed.trim().split('\n').at(-1) ?? '')
    t.after(() => node.#end())
    return node
  }

  /** Load from here on, and back when it flows. */
  async load(): Promise<void> {
    this.#hammering = this.#hammer.run(WRITERS, READERS).catch((error: unknown) => {
      this.#trouble = error
      this.#hammer.stop()
    })
    await this.flows()
  }

  /** Until some more was acknowledged. */
  async flows(): Promise<void> {
    const until = performance.now() + 120_000
    const wanted = this.#ledger.acknowledged + FIRST_SECRETS
    while (this.#ledger.acknowledged < wanted) {
      assert.equal(this.#trouble, undefined)
      assert.ok(performance.now() < until, 'nothing is acknowledged any more')
      await delay(10)
    }
  }

  /** Since it was last asked. */
  tally(): Tally {
    return this.#hammer.tally()
  }

  /** Until so many were told to come back; what happened meanwhile. */
  async refuses(times: number): Promise<Tally> {
    const until = performance.now() + 120_000
    const sum = { done: 0, unavailable: 0, longestUnavailableMs: 0 }
    for (;;) {
      const { done, unavailable, longestUnavailableMs } = this.tally()
      sum.done += done
      sum.unavailable += unavailable
      sum.longestUnavailableMs = Math.max(sum.longestUnavailableMs, longestUnavailableMs)
      if (sum.unavailable > times) return sum
      assert.ok(performance.now() < until, `refused only ${sum.unavailable} times`)
      await delay(50)
    }
  }

  /** How long until a write goes through; what comes before is 503 with Retry-After. */
  async recovers(): Promise<number> {
    const until = performance.now() + 120_000
    const time = new UsableTime()
    for (;;) {
      const answer = await this.write()
      if (answer.status === 201) return time.ms()
      assert.equal(answer.status, 503, answer.text)
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]/)
      assert.ok(performance.now() < until, 'it does not recover')
      await delay(20)
    }
  }

  write(payload = 'probe') {
    const json = { payload, payload_content_type: 'text/plain' }
    return ask(`${this.gatehouse.url}/v1/secrets`, { method: 'POST', token: this.#token, json })
  }

  /** The payload of what a write was answered. */
  read(ref: string) {
    return ask(`${ref}/payload`, { token: this.#token, headers: { accept: 'text/plain' } })
  }

  list() {
    return ask(`${this.gatehouse.url}/v1/secrets?limit=1`, { token: this.#token })
  }

  async ready(): Promise<number> {
    return (await ask(`${this.gatehouse.adminUrl}/readyz`)).status
  }

  async healthy(): Promise<number> {
    return (await ask(`${this.gatehouse.url}/healthcheck`)).status
  }

  /** Ends the load: nothing that was acknowledged is missing, nothing was answered as it must not be. */
  async assertKept(when: string): Promise<void> {
    this.#hammer.stop()
    await this.#hammering
    assert.equal(this.#trouble, undefined, when)
    const touched = this.#ledger.keys
    await assertPromisesKept(this.#ledger, touched.slice(this.#known), this.#survivor, when)
    this.#known = touched.length
    assert.equal(this.gatehouse.pid, this.#pid)
    assert.ok(this.gatehouse.isRunning, 'the node did not survive')
  }

  /** At the end of all: every record once more, and whatever nobody was told of. */
  async assertAllKept(): Promise<string> {
    await assertPromisesKept(this.#ledger, this.#ledger.keys, this.#survivor, 'in the end')
    await assertNothingTorn(this.#survivor)
    return `${this.#ledger.acknowledged} changes acknowledged, ${this.#ledger.keys.length} secrets`
  }

  async assertLogIsClean(): Promise<void> {
    const logs = await this.gatehouse.logs()
    for (const line of logs.split('\n').filter((one) => one.startsWith('{'))) {
      const { level } = JSON.parse(line) as { readonly level: string }
      assert.notEqual(level, 'fatal', line)
    }
    assert.ok(!logs.includes(PASSWORD), 'a log holds the password of the database')
    assert.doesNotMatch(logs, /insert (\/\*|into)|update secrets|select [a-z_]+\.[a-z_]+/i)
    assert.doesNotMatch(logs, /unhandled|uncaught/i)
  }

  /** Its wall clock against ours. */
  async minutesAhead(): Promise<number> {
    const { headers } = await ask(`${this.gatehouse.url}/healthcheck`)
    return Math.round((Date.parse(headers.get('date') ?? '') - Date.now()) / 60_000)
  }

  residentMegabytes(): number {
    const status = readFileSync(`/proc/${this.gatehouse.pid}/status`, 'utf8')
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024
  }

  async metric(name: string): Promise<number> {
    const { text } = await ask(`${this.gatehouse.adminUrl}/metrics`)
    const lines = text.split('\n').filter((line) => line.startsWith(name))
    return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
  }

  async #end(): Promise<void> {
    this.#hammer.stop()
    await this.gatehouse.stop()
    await this.#hammering
    this.#hammer.close()
    this.#survivor.close()
  }
}
