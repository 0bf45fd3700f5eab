import assert from 'node:assert/strict'
import { Agent, get, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { TransportServer, until } from './server.ts'

/** Far more at once than the server below takes. */
const CROWD = 300
const MOST_AT_ONCE = 40
const SECRETS = 200
/** What each of the kept kinds has to be answered during the flood. */
const ENOUGH = 60

interface Answer {
  readonly status: number
  readonly text: string
  readonly retryAfter: string | undefined
}

type Ask = (method: string, path: string, body?: unknown) => Promise<Answer>

function asking(t: TestContext, server: TransportServer, token: string): Ask {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => agent.destroy())
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'x-auth-token': token, 'content-type': 'application/json', accept: '*/*' }
      request({ agent, port: server.port, host: '127.0.0.1', method, path, headers })
        .once('response', (response) => {
          text(response).then((body) => {
            const retryAfter = response.headers['retry-after']
            resolve({ status: response.statusCode ?? 0, text: body, retryAfter })
          }, reject)
        })
        .once('error', reject)
        .end(body === undefined ? undefined : JSON.stringify(body))
    })
}

const KEY_PAIR = { type: 'asymmetric', meta: { algorithm: 'rsa', bit_length: 2048 } }
/** What is dear: lists, changes that have to reach the disk, and key pairs. */
const DEAR: readonly (readonly [method: string, path: string, body?: unknown])[] = [
  ['GET', '/v1/secrets?limit=100&sort=name:desc,created:asc'],
  ['POST', '/v1/secrets', { name: 'flood', payload: 'x', payload_content_type: 'text/plain' }],
  ['POST', '/v1/orders', KEY_PAIR],
  ['GET', '/v1/secrets?limit=100&offset=50&name=kept'],
]

/** Asks for dear things as fast as it is answered, over as many connections as there are in a crowd. */
class Flood {
  readonly statuses = new Map<number, number>()
  readonly wrong: string[] = []
  #isOver = false
  readonly #working: Promise<void>[]

  constructor(askers: readonly Ask[]) {
    this.#working = askers.map((ask, index) => this.#work(ask, index))
  }

  get answered(): number {
    return [...this.statuses.values()].reduce((sum, count) => sum + count, 0)
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#working)
  }

  async #work(ask: Ask, index: number): Promise<void> {
    for (let time = index; !this.#isOver; time += 1) {
      const [method = '', path = '', body] = DEAR[time % DEAR.length] ?? []
      const { status, retryAfter } = await ask(method, path, body)
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
      if (status === 503 && retryAfter === undefined) this.wrong.push(`${path}: no Retry-After`)
      if (![200, 201, 202, 503].includes(status)) this.wrong.push(`${path}: ${status}`)
    }
  }
}

function readyz(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    get({ port, host: '127.0.0.1', path: '/readyz', agent: false }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode ?? 0))
    }).once('error', reject)
  })
}

test('under a flood of lists, writes and orders, health checks and reads of cached projects go on, and the flood is told to wait', {
  timeout: 600_000,
}, async (t) => {
  const server = await TransportServer.of(t)
  server.configure({
    DEFAULT: { debug: 'false' },
    gatehouse: {
      access_log: 'none',
      max_requests_at_once: String(MOST_AT_ONCE),
      loop_delay_limit_ms: '1000',
    },
  })
  server.start()
  await server.told('listening')
  const token = await server.token('flooded')
  const owner = asking(t, server, token)
  let path = ''
  for (let index = 0; index < SECRETS; index += 1) {
    const secret = { name: 'kept', payload: 'kept', payload_content_type: 'text/plain' }
    const stored = await owner('POST', '/v1/secrets', secret)
    assert.equal(stored.status, 201)
    path = new URL((JSON.parse(stored.text) as { secret_ref: string }).secret_ref).pathname
  }

  const flood = new Flood(Array.from({ length: CROWD }, () => asking(t, server, token)))
  await until(() => (flood.statuses.get(503) ?? 0) > 0, 'the server sheds')

  const kept = {
    metadata: () => owner('GET', path),
    payload: () => owner('GET', `${path}/payload`),
    health: () => owner('GET', '/healthcheck'),
    discovery: () => owner('GET', '/'),
  }
  const outcomes: Record<string, number> = {}
  const begun = flood.answered
  for (let time = 0; time < ENOUGH; time += 1) {
    for (const [kind, ask] of Object.entries(kept)) {
      const outcome = `${kind} ${(await ask()).status}`
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    if (time % 20 === 0) assert.equal(await readyz(server.adminPort), 200)
  }
  const during = flood.answered - begun
  // Nobody knows this token, so this is work that waits, whatever it reads. A good one that was let in once is known.
  const strangers: number[] = []
  const stranger = asking(t, server, 'of nobody')
  await until(async () => {
    strangers.push((await stranger('GET', path)).status)
    return strangers.includes(503)
  }, 'a token that is not known is told to wait')
  await flood.stop()

  t.diagnostic(`kept: ${JSON.stringify(outcomes)}, while the flood was answered ${during} times`)
  t.diagnostic(`the flood: ${JSON.stringify(Object.fromEntries(flood.statuses))}`)
  assert.deepEqual(outcomes, {
    'metadata 200': ENOUGH,
    'payload 200': ENOUGH,
    'health 200': ENOUGH,
    'discovery 300': ENOUGH,
  })
  assert.deepEqual(flood.wrong, [])
  assert.ok(
    strangers.every((status) => status === 401 || status === 503),
    `${strangers}`,
  )
  const shed = flood.statuses.get(503) ?? 0
  assert.ok(shed > flood.answered / 4, `${shed} of ${flood.answered} were sent away`)
  assert.ok((flood.statuses.get(201) ?? 0) > 0, 'some of the flood is done all the same')
  // A machine that has other things to do may make the loop late as well.
  const counted = await Promise.all(
    ['too many requests', 'too many logins', 'late loop'].map((reason) =>
      server.metric(`gatehouse_shed_requests_total{reason="${reason}"}`),
    ),
  )
  t.diagnostic(`shed for too many requests, too many logins, a late loop: ${counted.join(', ')}`)
  assert.equal(
    counted.reduce((sum, count) => sum + count, 0),
    shed + strangers.filter((status) => status === 503).length,
  )
  assert.equal((await owner('POST', '/v1/secrets', { name: 'after' })).status, 201)
  assert.equal((await owner('GET', '/v1/secrets')).status, 200)
})
