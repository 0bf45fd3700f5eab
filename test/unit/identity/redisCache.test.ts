import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { RedisCache, type RedisEvent } from '../../../src/identity/redisCache.ts'

/** Lets everybody in, and answers each GET as it is told. */
async function redisThat(t: TestContext, onGet: (socket: Socket) => void, timeoutMs = 60_000) {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (piece) => {
      if (piece.includes('PING')) socket.write('+PONG\r\n')
      if (piece.includes('SET')) socket.write('+OK\r\n')
      if (piece.includes('GET')) onGet(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const events: RedisEvent[] = []
  const told = new Map<RedisEvent['kind'], () => void>()
  const cache = new RedisCache({
    addresses: [
      {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        username: undefined,
        password: undefined,
        database: 0,
      },
    ],
    tls: () => undefined,
    timeoutMs,
    onEvent: (event) => {
      events.push(event)
      told.get(event.kind)?.()
    },
    times: { firstPauseMs: 5, longestPauseMs: 20 },
  })
  t.after(() => {
    cache.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await cache.start()
  return {
    cache,
    events,
    connections: () => connections,
    next: (kind: RedisEvent['kind']) =>
      new Promise<void>((resolve) => {
        told.set(kind, resolve)
      }),
  }
}

const MISBEHAVIOUR: readonly (readonly [string, (socket: Socket) => void, RegExp])[] = [
  ['does not answer', () => undefined, /does not answer in time/],
  ['closes', (socket) => socket.destroy(), /closed the connection|ECONNRESET/],
  ['announces 300 MB', (socket) => socket.write('$300000000\r\n'), /more than any entry/],
  ['sends half a reply', (socket) => socket.write('$100\r\nabc'), /does not answer in time/],
  ['sends no RESP', (socket) => socket.write('HTTP/1.1 200 OK\r\n'), /of a kind that nobody asked/],
  ['answers twice', (socket) => socket.write('$-1\r\n$-1\r\n'), /answers what nobody asked/],
]
for (const [name, onGet, reason] of MISBEHAVIOUR) {
  test(`one that ${name} loses its connection, and is tried again later`, async (t) => {
    const redis = await redisThat(t, onGet, 500)
    const away = redis.next('away')
    const back = redis.next('there')
    await redis.cache.get('name').catch(() => undefined)
    await away
    const [, event] = redis.events
    assert.ok(event?.kind === 'away')
    assert.match(event.reason, reason)
    await assert.rejects(redis.cache.get('name'), /away/, 'nobody waits for a connection')
    await back
    assert.equal(redis.connections(), 2)
  })
}

test('an error instead of an entry is no entry, and keeps the connection', async (t) => {
  const redis = await redisThat(t, (socket) => socket.write('-LOADING the dataset\r\n'))
  await assert.rejects(redis.cache.get('name'), /refuses a GET/)
  await assert.rejects(redis.cache.get('name'), /refuses a GET/)
  assert.equal(redis.connections(), 1)
})

test('replies find those who asked, in their order', async (t) => {
  let count = 0
  const redis = await redisThat(t, (socket) => socket.write(`$1\r\n${count++}\r\n`))
  for (const expected of ['0', '1', '2']) {
    assert.equal(String(await redis.cache.get('name')), expected)
  }
})

test('more than a thousand questions at once are too many, and the others are answered', async (t) => {
  const held: Socket[] = []
  const redis = await redisThat(t, (socket) => held.push(socket))
  const asked = Array.from({ length: 1_001 }, () => redis.cache.get('name'))
  await assert.rejects(asked.at(-1) ?? Promise.resolve(), /does not keep up/)
  const outcomes = await Promise.allSettled(asked)
  assert.ok(
    outcomes.every(({ status }) => status === 'rejected'),
    'nobody is left waiting',
  )
})

test('closed while it connects, it lets go at once', async (t) => {
  const sockets: Socket[] = []
  const server = createServer((socket) => sockets.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const events: RedisEvent[] = []
  const cache = new RedisCache({
    addresses: [
      {
        host: '127.0.0.1',
        port: (server.address() as AddressInfo).port,
        username: undefined,
        password: undefined,
        database: 0,
      },
    ],
    tls: () => undefined,
    timeoutMs: 60_000,
    onEvent: (event) => events.push(event),
    times: { connectMs: 60_000 },
  })
  const started = cache.start()
  await once(server, 'connection')
  cache.close()
  await started
  await assert.rejects(cache.get('name'), /away/)
  assert.deepEqual(events, [], 'nobody wants to hear of it')
  await Promise.all(sockets.map((socket) => socket.destroyed || once(socket.resume(), 'close')))
})
