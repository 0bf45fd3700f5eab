import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:https'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { AMBIGUOUS, HIDDEN } from '../../support/ambiguousRequests.ts'
import { until } from '../server.ts'
import type { Stage } from './stage.ts'

const DEADLINE_MS = 3_000
const NEIGHBOURS = 6
/** What each neighbour asks at the least: the attacks may be over sooner. */
const ENOUGH = 10

/** How long an attacker waits for more, and what his victim asks beside that and afterwards. */
const ATTACK_MS = 300
const ASKED_BESIDE = 3
const ASKED_AFTER = 5

/** What is no riddle for one server, and asks a proxy to take out of a request what says where it ends. */
const HOP_BY_HOP: Readonly<Record<string, string>> = Object.fromEntries(
  ['Content-Length', 'Host', 'X-Forwarded-For'].map((named) => [
    `a ${named} that is called hop by hop`,
    `POST /seen HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, ${named}\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
  ]),
)

/** Requests that two servers in a row could count differently, beside neighbours who share their connections. */
export function smugglingClaims(stage: () => Stage, passesBytes: boolean): void {
  test('no node ever sees a request that the proxy did not, and no neighbour hears what is not for him', async () => {
    const earlier = new Set(
      stage()
        .requests()
        .map(({ requestId }) => requestId),
    )
    const neighbours = Array.from(
      { length: NEIGHBOURS },
      (_, index) => new Neighbour(stage(), index),
    )
    for (const neighbour of neighbours) neighbour.start()
    const attacks = await Promise.all(
      Object.entries(AMBIGUOUS).map(async ([name, bytes], index) => {
        const address = `127.0.1.${index + 1}`
        // A node that knows the riddle closes; a proxy may take it for a request, and keep the connection.
        const deadlineMs = passesBytes ? undefined : DEADLINE_MS
        return { name, address, heard: await stage().say(address, bytes, deadlineMs) }
      }),
    )
    for (const neighbour of neighbours) await neighbour.stop()
    assert.deepEqual(
      neighbours.flatMap(({ failures }) => failures),
      [],
    )
    assert.ok(neighbours.every(({ heard }) => heard >= ENOUGH))

    if (passesBytes) {
      for (const { name, heard } of attacks) {
        assert.deepEqual([heard.statuses, heard.isClosed], [[400], true], name)
      }
      return
    }
    for (const { name, address, heard } of attacks) {
      await until(
        () => stage().proxy.requestsFrom(address).length > 0,
        `${name} in the proxy's log`,
      )
      const counted = stage().proxy.requestsFrom(address)
      const passedOn = counted.filter((line) => !line.includes('/<NOSRV>'))
      const seen = stage()
        .requests()
        .filter(({ remote }) => remote === address)
      assert.ok(
        heard.statuses.length <= counted.length,
        `${name}: ${heard.text}\n${counted.join('\n')}`,
      )
      assert.ok(seen.length <= passedOn.length, `${name}: ${seen.length} of ${passedOn.length}`)
    }
    // One that only a node took for a request has no address but that of the proxy.
    const nameless = stage()
      .requests()
      .filter(({ requestId, route }) => !earlier.has(requestId) && route !== '/healthcheck')
      .filter(({ remote }) => !/^127\.0\.[13]\./.test(String(remote)))
    assert.deepEqual(nameless, [])
  })

  test('after each of them the next requests of another client, on connections that both use, get their own answers', async (t) => {
    const { proxy } = stage()
    const victim = new Neighbour(stage(), NEIGHBOURS)
    await victim.settle()
    const before = await proxy.reused()
    let asked = 0
    for (const [index, [name, bytes]] of Object.entries({
      ...AMBIGUOUS,
      ...HOP_BY_HOP,
    }).entries()) {
      const attack = stage().say(`127.0.5.${index + 1}`, bytes, ATTACK_MS)
      // While the attacker still holds his end, and after: what was left behind on a connection is found either way.
      for (let time = 0; time < ASKED_BESIDE; time += 1) await victim.ask()
      await attack
      for (let time = 0; time < ASKED_AFTER; time += 1) await victim.ask()
      asked += ASKED_BESIDE + ASKED_AFTER
      assert.deepEqual(victim.failures, [], name)
    }
    victim.end()
    const reused = (await proxy.reused()) - before
    t.diagnostic(`${asked} requests of the victim, ${reused} requests on connections used before`)
    // Where bytes are passed through, nobody shares a connection.
    if (!passesBytes) assert.ok(reused > asked / 2, `${reused} of ${asked}`)
  })

  test('two requests in one breath that nobody can misread are two, for the proxy and for the node', async () => {
    const last = HIDDEN.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    const bytes = `POST /seen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi${last}`
    const { statuses } = await stage().say('127.0.1.200', bytes)
    assert.deepEqual(statuses, [404, 404])
    await until(
      () =>
        stage()
          .requests()
          .filter(({ remote }) => remote === '127.0.1.200').length === 2,
      'both are logged',
    )
    if (!passesBytes) assert.equal(stage().proxy.requestsFrom('127.0.1.200').length, 2)
  })
}

/** Somebody who asks for his own secret again and again, over a connection that he keeps. */
class Neighbour {
  readonly failures: string[] = []
  heard = 0
  readonly #stage: Stage
  readonly #name = randomUUID()
  readonly #agent: Agent
  #path = ''
  #isOver = false
  #working: Promise<void> = Promise.resolve()

  constructor(stage: Stage, index: number) {
    this.#stage = stage
    const localAddress = `127.0.3.${index + 1}`
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1, ca: stage.ca, localAddress })
  }

  start(): void {
    this.#working = this.#work().catch((error: unknown) => void this.failures.push(String(error)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#working
    this.end()
  }

  /** Stores what it asks for from then on. */
  async settle(): Promise<void> {
    const stored = await this.#ask('POST', '/v1/secrets', JSON.stringify({ name: this.#name }))
    const { secret_ref } = JSON.parse(stored) as { readonly secret_ref?: string }
    this.#path = new URL(secret_ref ?? assert.fail(stored)).pathname
  }

  async ask(): Promise<void> {
    const got = await this.#ask('GET', this.#path)
    if ((JSON.parse(got) as { name?: string }).name !== this.#name) this.failures.push(got)
    this.heard += 1
  }

  end(): void {
    this.#agent.destroy()
  }

  async #work(): Promise<void> {
    await this.settle()
    while (!this.#isOver || this.heard < ENOUGH) await this.ask()
  }

  #ask(method: string, path: string, body?: string): Promise<string> {
    const headers = { 'x-auth-token': this.#stage.token, 'content-type': 'application/json' }
    const { port } = this.#stage.proxy
    const options = {
      agent: this.#agent,
      host: '127.0.0.1',
      servername: 'localhost',
      port,
      method,
      path,
      headers,
    }
    return new Promise((resolve, reject) => {
      request(options, (response) => resolve(text(response)))
        .once('error', reject)
        .end(body)
    })
  }
}
