import assert from 'node:assert/strict'
import { connect, type Socket } from 'node:net'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { assertProper, IDENTITY, request, target } from '../../support/hostileSuite.ts'
import { listen, Wire } from '../../support/wire.ts'

const HEAD = `Host: localhost\r\n${IDENTITY}`
const POST = `POST /v1/secrets HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\n`

describe('hostile connections', () => {
  const at = target()

  describe('slow and broken connections', () => {
    test('whoever hangs up in the middle of a request leaves nothing behind', async () => {
      const { wire, door, owner } = at.get()
      const before = (await owner.get('/v1/secrets')).json['total']
      const whole = `${POST}Content-Length: 12\r\n\r\n{"name":"n"}`
      for (let length = 1; length < whole.length; length += 7) {
        const socket = await wire.connect()
        socket.write(whole.slice(0, length))
        if (length % 2 === 0) await new Promise((resolve) => setImmediate(resolve))
        socket.resetAndDestroy()
      }
      await settled(door)
      assert.equal((await owner.get('/v1/secrets')).json['total'], before)
    })

    test('whoever hangs up before the answer does no harm', async () => {
      const { wire, door, secret } = at.get()
      for (let times = 0; times < 40; times += 1) {
        const socket = await wire.connect()
        socket.write(`GET ${secret}/payload HTTP/1.1\r\n${HEAD}\r\n`.repeat(5))
        if (times % 2 === 0) socket.resetAndDestroy()
        else socket.destroy()
      }
      await settled(door)
    })

    test('a body whose sender went away while identity was asked ends the request', async () => {
      const { wire, door } = at.get()
      const { promise, resolve } = Promise.withResolvers<void>()
      door.authenticator.gate = promise
      const seen = door.completed.length
      const socket = await wire.connect()
      const { asked } = door.authenticator
      socket.write(`${POST}Content-Length: 500\r\n\r\n{"name":`)
      await until(() => door.authenticator.asked > asked)
      socket.resetAndDestroy()
      await new Promise((done) => setTimeout(done, 20))
      door.authenticator.gate = undefined
      resolve()
      await until(() => door.completed.length === seen + 1)
    })

    test('a whole request whose sender went away while identity was asked is over as well', async () => {
      const { wire, door } = at.get()
      const { promise, resolve } = Promise.withResolvers<void>()
      door.authenticator.gate = promise
      const seen = door.completed.length
      for (const text of [
        `${POST}Content-Length: 12\r\n\r\n{"name":"n"}`,
        `GET /v1/secrets HTTP/1.1\r\n${HEAD}\r\n`,
      ]) {
        const socket = await wire.connect()
        const { asked } = door.authenticator
        socket.write(text)
        await until(() => door.authenticator.asked > asked)
        socket.resetAndDestroy()
      }
      await new Promise((done) => setTimeout(done, 20))
      door.authenticator.gate = undefined
      resolve()
      await until(() => door.completed.length === seen + 2)
    })

    test('who sends headers, bodies or nothing too slowly is cut off, with 408 where a request began', async () => {
      const { door } = at.get()
      const hasty = await Wire.open(door.app, { requestTimeoutMs: 300, headersTimeoutMs: 200 })
      try {
        const [headers, body, silence] = await Promise.all([
          hasty.say('GET / HTTP/1.1\r\nHost: loc'),
          hasty.say(`${POST}Content-Length: 50\r\n\r\n{"name":`),
          hasty.say(''),
        ])
        assert.deepEqual(headers.statuses, [408])
        assert.deepEqual(body.statuses, [408])
        for (const heard of [headers, body, silence]) assertProper(heard)
      } finally {
        await hasty.close()
      }
    })

    test('who sends junk and never hangs up is not waited for', async () => {
      const { door } = at.get()
      const small = await Wire.open(door.app)
      const socket = connect({ port: small.port, host: '127.0.0.1', allowHalfOpen: true })
      socket.on('error', () => undefined)
      socket.resume().write('junk\r\n\r\n')
      await new Promise((resolve) => socket.once('end', resolve))
      const startedAt = performance.now()
      await small.drain(120_000)
      assert.ok(performance.now() - startedAt < 60_000)
      socket.destroy()
    })

    test('hundreds of idle and half-open connections keep nobody else waiting', async () => {
      const { wire, owner, secret } = at.get()
      const sockets: Socket[] = []
      try {
        for (let index = 0; index < 300; index += 1) {
          const socket = await wire.connect()
          socket.on('error', () => undefined)
          if (index % 3 === 1) socket.write('GET / HT')
          if (index % 3 === 2) socket.write(`${POST}Content-Length: 9\r\n\r\n{`)
          sockets.push(socket)
        }
        const heard = await wire.say(request(`GET ${secret}`))
        assert.deepEqual(heard.statuses, [200])
        assert.equal((await owner.get(secret)).status, 200)
      } finally {
        for (const socket of sockets) socket.destroy()
      }
    })

    test('who never reads the answers stops being served, not the others', async () => {
      const { wire, secret } = at.get()
      const greedy = await wire.connect()
      greedy.pause()
      greedy.on('error', () => undefined)
      greedy.write(`GET ${secret} HTTP/1.1\r\n${HEAD}\r\n`.repeat(2_000))
      assert.deepEqual((await wire.say(request(`GET ${secret}`))).statuses, [200])
      greedy.destroy()
    })

    test('beyond the limit of connections new ones are closed, and welcome again afterwards', async () => {
      const { door } = at.get()
      const small = await Wire.open(door.app, { maxConnections: 3 })
      try {
        const held = await Promise.all([1, 2, 3].map(() => small.connect()))
        const refused = await small.connect()
        assert.deepEqual((await listen(refused)).statuses, [])
        for (const socket of held) socket.destroy()
        await until(async () => (await small.say(request('GET /'))).statuses[0] === 300)
      } finally {
        await small.close()
      }
    })

    test('while draining, a request under way is answered and told that the connection closes', async () => {
      const { door } = at.get()
      const leaving = await Wire.open(door.app)
      const { promise, resolve } = Promise.withResolvers<void>()
      door.authenticator.gate = promise
      door.mood.isDraining = true
      const { asked } = door.authenticator
      const heard = leaving.say(`GET /v1/secrets HTTP/1.1\r\n${HEAD}\r\n`)
      await until(() => door.authenticator.asked > asked)
      const drained = leaving.drain(2_000)
      door.authenticator.gate = undefined
      resolve()
      const { statuses, text } = await heard
      await drained
      door.mood.isDraining = false
      assert.deepEqual(statuses, [200])
      assert.match(text, /\r\nConnection: close\r\n/)
    })
  })

  describe('memory under attack', () => {
    test('thousands of hostile requests leave no more memory in use than before', async () => {
      const { wire, secret } = at.get()
      const attacks = [
        request('GET /v1/secrets?name=%00'),
        request('POST /v1/secrets', 'Content-Type: application/json\r\n', '['.repeat(20_000)),
        request('POST /v1/secrets', 'Content-Type: application/json\r\n', 'x'.repeat(26_000)),
        request(`PUT ${secret}`, 'Content-Type: text/plain\r\n', 'x'.repeat(20_000)),
        request(`GET ${secret}/payload`, 'Accept: text/html\r\n'),
        request('GET /', `Host: ${'h'.repeat(2_000)}\r\n`),
        'GET / HTTP/1.1\r\nnonsense\r\n\r\n',
      ]
      const round = async (): Promise<void> => {
        await Promise.all(
          attacks.map(async (text, index) => {
            const varied = text.replace('Connection', `X-Round: ${index}\r\nConnection`)
            assertProper(await wire.say(varied))
          }),
        )
      }
      for (let times = 0; times < 30; times += 1) await round()
      const before = inUse()
      const { rss } = process.memoryUsage()
      for (let times = 0; times < 100; times += 1) await round()
      const grown = inUse() - before
      assert.ok(grown < 6_000_000, `${grown} bytes more after ${100 * attacks.length} requests`)
      assert.ok(process.memoryUsage().rss - rss < 100_000_000)
    })
  })
})

/** Bytes that are reachable: collected first, so that garbage does not count. */
function inUse(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 12_000; tries += 1) {
    if (await isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.fail('it did not come')
}

/** No request is under way any more: the count of finished ones holds still. */
async function settled(door: { readonly completed: readonly unknown[] }): Promise<void> {
  for (let seen = -1; seen !== door.completed.length; ) {
    seen = door.completed.length
    await new Promise((resolve) => setTimeout(resolve, 30))
  }
}
