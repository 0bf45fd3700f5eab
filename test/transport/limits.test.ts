import assert from 'node:assert/strict'
import { request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import type { Configuration } from '../peers/gatehouse.ts'
import { listen } from '../support/wire.ts'
import { TransportServer, until } from './server.ts'

async function startedServer(t: TestContext, more: Configuration): Promise<TransportServer> {
  const server = await TransportServer.of(t)
  server.configure({ ...more, DEFAULT: { debug: 'false', ...more['DEFAULT'] } })
  server.start()
  await server.told('listening')
  return server
}

interface Answer {
  readonly status: number
  readonly retryAfter: number
}

function ask(
  server: TransportServer,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = server
    const type = { 'content-type': 'application/json' }
    request({
      port,
      host: '127.0.0.1',
      path: '/v1/secrets',
      method,
      headers: { ...type, ...headers },
    })
      .once('response', (response) => {
        const retryAfter = Number(response.headers['retry-after'])
        response
          .resume()
          .once('end', () => resolve({ status: response.statusCode ?? 0, retryAfter }))
      })
      .once('error', reject)
      .end(method === 'POST' ? '{}' : undefined)
  })
}

test('the rates of a configuration hold, and those who meet them are counted, logged and audited', async (t) => {
  const server = await startedServer(t, {
    rate_limits: {
      project_reads: '0.01:3',
      project_writes: '0.01:2',
      failed_logins: '0.01:2',
      exempt_projects: 'free',
    },
    listener: { trusted_proxies: '127.0.0.1' },
  })
  const token = await server.token('held')
  const statuses = async (count: number, headers: Record<string, string>, method = 'GET') => {
    const all: Answer[] = []
    for (let time = 0; time < count; time += 1) all.push(await ask(server, headers, method))
    for (const { status, retryAfter } of all) {
      if (status === 429) assert.ok(retryAfter > 0 && retryAfter <= 100, `${retryAfter} s`)
    }
    return all.map(({ status }) => status)
  }
  const held = { 'x-auth-token': token }
  assert.deepEqual(await statuses(5, held), [200, 200, 200, 429, 429])
  assert.deepEqual(await statuses(3, held, 'POST'), [201, 201, 429])
  const free = { 'x-auth-token': await server.token('free') }
  assert.deepEqual(await statuses(5, free), [200, 200, 200, 200, 200])

  // Each address that a trusted proxy speaks for has its own tries, and the proxy none.
  const guess = (address: string) => ({ 'x-auth-token': 'guess', 'x-forwarded-for': address })
  assert.deepEqual(await statuses(4, guess('203.0.113.9')), [401, 401, 429, 429])
  assert.deepEqual(await statuses(1, guess('203.0.113.10')), [401])
  assert.deepEqual(await statuses(1, { ...free, 'x-forwarded-for': '203.0.113.9' }), [200])

  const counted = (limit: string): Promise<number> =>
    server.metric(`gatehouse_rate_limited_requests_total{limit="${limit}"}`)
  assert.equal(await counted('project'), 3)
  assert.equal(await counted('failed logins'), 2)
  assert.equal(await counted('user'), 0)
  const limited = 'a request came sooner than [rate_limits] allows: answered 429'
  await server.told(limited, 5)
  const lines = server.logged(limited)
  assert.deepEqual(
    lines.map(({ limit, project, remote }) => [limit, project, remote]),
    [
      ['project', 'held', '127.0.0.1'],
      ['project', 'held', '127.0.0.1'],
      ['project', 'held', '127.0.0.1'],
      ['failed logins', undefined, '203.0.113.9'],
      ['failed logins', undefined, '203.0.113.9'],
    ],
  )
  await until(() => server.audit().filter(({ event }) => event === 'limited').length === 5, 'audit')
  const refused = () => server.logged('request').filter(({ status }) => status === 429)
  await until(() => refused().length === 5, 'the access log')
})

test('one client has as many connections as it may, and more are closed, counted and logged', async (t) => {
  const server = await startedServer(t, { gatehouse: { max_connections_per_client: '3' } })
  const from = (localAddress: string): Socket =>
    connect({ port: server.port, host: '127.0.0.1', localAddress })
  const held = [1, 2, 3].map(() => from('127.0.0.5'))
  for (const socket of held) {
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await new Promise((resolve) => socket.once('data', resolve))
  }
  const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
  const one = async (address: string): Promise<readonly number[]> => {
    const socket = from(address)
    socket.write(GET)
    return (await listen(socket)).statuses
  }
  assert.deepEqual(await one('127.0.0.5'), [])
  assert.deepEqual(await one('127.0.0.6'), [300])
  const refused = 'gatehouse_refused_connections_total{reason="too many connections of one client"}'
  assert.equal(await server.metric(refused), 1)
  await server.told('a connection was refused')
  assert.equal(server.logged('a connection was refused').at(-1)?.['remote'], '127.0.0.5')
  for (const socket of held) socket.destroy()
})

test('who sends hundreds of requests in one breath is closed, and nobody else is told to wait for it', async (t) => {
  const server = await startedServer(t, { gatehouse: { max_requests_at_once: '100' } })
  const headers = { 'x-auth-token': await server.token() }
  assert.equal((await ask(server, headers)).status, 200)
  const one = 'GET /v1/nothing HTTP/1.1\r\nHost: localhost\r\n\r\n'
  for (let time = 1; time <= 20; time += 1) {
    const socket = connect(server.port, '127.0.0.1')
    socket.write(one.repeat(1_000))
    const heard = listen(socket)
    assert.equal((await ask(server, headers)).status, 200)
    assert.ok((await heard).isClosed)
  }
  const refused = 'gatehouse_refused_connections_total{reason="too many requests in one breath"}'
  assert.equal(await server.metric(refused), 20)
  assert.equal(await server.metric('gatehouse_shed_requests_total{reason="too many requests"}'), 0)
})

test('who asks for much and reads nothing is cut off, and the server holds no more for it', async (t) => {
  const server = await startedServer(t, { gatehouse: { answer_timeout: '1' } })
  const greedy = Array.from({ length: 20 }, () => {
    const socket = connect(server.port, '127.0.0.1').on('error', () => undefined)
    socket.pause()
    socket.write('GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(90))
    return socket
  })
  await until(
    async () => (await server.metric('gatehouse_unread_answers_total{outcome="cut"}')) === 20,
    'all are cut off',
  )
  const cut = 'a client did not read its answer, and its connection was cut'
  await server.told(cut, 20)
  assert.equal(server.logged(cut).length, 20)
  for (const socket of greedy) socket.destroy()
})
