import assert from 'node:assert/strict'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { Starved } from '../support/starved.ts'
import { TransportServer, until } from './server.ts'

const LATE = 'gatehouse_shed_requests_total{reason="late loop"}'

interface Answer {
  readonly status: number
  readonly text: string
  readonly retryAfter: string | undefined
}

function asking(t: TestContext, port: number, token: string) {
  const agent = new Agent({ keepAlive: true })
  t.after(() => agent.destroy())
  return (method: string, path: string, body?: unknown): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const headers = { 'x-auth-token': token, 'content-type': 'application/json', accept: '*/*' }
      request({ agent, port, host: '127.0.0.1', method, path, headers })
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

test('a server whose loop is really late reads what is at hand, tells all else to wait, and is its old self after', {
  timeout: 120_000,
}, async (t) => {
  const server = await TransportServer.of(t)
  server.configure({
    DEFAULT: { debug: 'false' },
    gatehouse: { access_log: 'none', loop_delay_limit_ms: '100', max_requests_at_once: '0' },
  })
  server.start()
  await server.told('listening')
  const ask = asking(t, server.port, await server.token())
  const stored = await ask('POST', '/v1/secrets', {
    name: 'kept',
    payload: 'kept',
    payload_content_type: 'text/plain',
  })
  assert.equal(stored.status, 201)
  const { pathname } = new URL((JSON.parse(stored.text) as { secret_ref: string }).secret_ref)
  assert.equal((await ask('GET', `${pathname}/payload`)).text, 'kept')

  const starved = new Starved(server.pid)
  const shed: Answer[] = []
  const kept: number[] = []
  try {
    while (shed.length < 6) {
      // Side by side: what is read comes to the same late loop as what is not.
      const [list, write, payload, metadata, health, discovery] = await Promise.all([
        ask('GET', '/v1/secrets'),
        ask('POST', '/v1/secrets', { name: 'waits' }),
        ask('GET', `${pathname}/payload`),
        ask('GET', pathname),
        ask('GET', '/healthcheck'),
        ask('GET', '/'),
      ])
      shed.push(...[list, write].filter(({ status }) => status === 503))
      kept.push(payload.status, metadata.status, health.status, discovery.status)
    }
  } finally {
    await starved.end()
  }
  assert.ok(shed.every(({ retryAfter }) => retryAfter === '1'))
  assert.deepEqual([...new Set(kept)].toSorted(), [200, 300])
  assert.equal(await server.metric(LATE), shed.length)
  await until(
    async () => (await ask('POST', '/v1/secrets', { name: 'after' })).status === 201,
    'it writes',
  )
  await until(async () => (await ask('GET', '/v1/secrets')).status === 200, 'it lists')
})
