import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import Koa from 'koa'
import { UnreadAnswers } from '../../../src/http/unreadAnswers.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { GET, NO_CLIENTS, type OpenListener, openTlsListener } from '../../support/tlsListener.ts'
import { listen } from '../../support/wire.ts'

/** Far more than the kernel keeps for both ends of a connection. */
const LARGE = Buffer.alloc(16 * 1_048_576, 'x')
const KEEP = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'
const GET_LARGE = 'GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n'

interface CleansUp {
  after(work: () => unknown): unknown
}

describe('clients that take their time', { concurrency: true }, () => {
  const closing: (() => unknown)[] = []
  const cut: string[] = []
  let opened: OpenListener
  let unhurried: OpenListener
  let patient: OpenListener
  let ca = ''
  before(async () => {
    const t = { after: (work: () => unknown) => void closing.push(work) }
    const pki = await pkiNamed('first')
    ca = pki.caPem
    const files = new PemFolder(t).put('server', await pki.issue())
    opened = await open(t, files, 600, cut)
    unhurried = await open(t, files, 3_000, cut)
    patient = await open(t, files, 60_000, cut)
  })
  after(async () => {
    for (const close of closing.toReversed()) await close()
  })

  const raw = ({ port } = opened, localAddress = '127.0.0.1'): Socket =>
    connect({ port, host: '127.0.0.1', localAddress })
  const connected = (scheme: 'http' | 'https', to = opened, from = '127.0.0.1'): Socket => {
    const socket = raw(to, from)
    return scheme === 'http' ? socket : connectTls({ socket, ca, servername: 'localhost' })
  }

  for (const [net, scheme] of (['http', 'https'] as const).entries()) {
    test(`over ${scheme}: headers that come byte by byte are 408 and the connection closes`, async () => {
      const socket = connected(scheme)
      const heard = listen(socket)
      const stop = drip(socket, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: '.padEnd(4_000, 'x'))
      const { statuses, isClosed } = await heard
      stop()
      assert.ok(isClosed)
      assert.deepEqual(statuses, [408])
    })

    test(`over ${scheme}: a body that comes byte by byte is 408 and the connection closes`, async () => {
      const socket = connected(scheme)
      const heard = listen(socket)
      socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4000\r\n\r\n')
      const stop = drip(socket, ''.padEnd(4_000, 'x'))
      const { statuses, isClosed } = await heard
      stop()
      assert.ok(isClosed)
      assert.deepEqual(statuses, [408])
    })

    test(`over ${scheme}: chunks that never end are 408 and the connection closes`, async () => {
      const socket = connected(scheme)
      const heard = listen(socket)
      socket.write('POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n')
      const stop = drip(socket, '1\r\nx\r\n'.repeat(1_000))
      const { statuses, isClosed } = await heard
      stop()
      assert.ok(isClosed)
      assert.deepEqual(statuses, [408])
    })

    test(`over ${scheme}: an answer that nobody reads ends with its connection, and counts`, async () => {
      const from = `127.0.${net}.11`
      const socket = connected(scheme, opened, from)
      socket.on('error', () => undefined)
      socket.pause()
      socket.write(GET_LARGE)
      await until(() => cut.includes(from))
      socket.destroy()
    })

    test(`over ${scheme}: so does the second of two in one breath, once the first was read whole`, async () => {
      const from = `127.0.${net}.12`
      const socket = connected(scheme, unhurried, from)
      socket.on('error', () => undefined)
      let bytes = 0
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        // The second answer has begun, and is far from whole.
        if (bytes > LARGE.length + 1_000) socket.pause()
      })
      socket.write(`${GET_LARGE}${GET_LARGE}`)
      await until(() => cut.includes(from))
      assert.ok(bytes > LARGE.length + 1_000)
      socket.destroy()
    })

    test(`over ${scheme}: who reads, slowly but in time, gets all of it`, async () => {
      const socket = connected(scheme, patient)
      let bytes = 0
      let pauses = 0
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (pauses > 5) return
        pauses += 1
        socket.pause()
        setTimeout(() => socket.resume(), 10)
      })
      socket.write(GET_LARGE.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'))
      await once(socket, 'close')
      assert.ok(bytes > LARGE.length)
    })

    test(`over ${scheme}: a request after a pause is answered on the same connection`, async () => {
      const socket = connected(scheme)
      const heard = listen(socket)
      socket.write(KEEP)
      await new Promise((resolve) => setTimeout(resolve, 900))
      socket.write(GET)
      assert.deepEqual((await heard).statuses, [200, 200])
    })
  }

  for (const [what, bytes] of Object.entries({
    nothing: '',
    'a first byte': '\x16',
    'half a ClientHello': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
  })) {
    test(`a handshake of which ${what} comes is not waited for`, async () => {
      const socket = raw()
      socket.write(Buffer.from(bytes, 'latin1'))
      assert.ok((await listen(socket)).isClosed)
    })
  }

  test('a hundred handshakes that stand still keep nobody else waiting', async () => {
    const half = Array.from({ length: 100 }, () => {
      const socket = raw().on('error', () => undefined)
      socket.write(Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 'latin1'))
      return socket
    })
    const socket = connected('https')
    socket.write(GET)
    assert.deepEqual((await listen(socket)).statuses, [200])
    for (const one of half) one.destroy()
  })
})

async function open(
  t: CleansUp,
  files: { readonly certFile: string; readonly keyFile: string },
  answerMs: number,
  cut: string[],
): Promise<OpenListener> {
  const unread = new UnreadAnswers({ mostMs: answerMs, onCut: (from) => void cut.push(from) })
  const app = new Koa().use(async (koa) => {
    koa.respond = false
    for await (const _ of koa.req);
    const body = koa.path === '/large' ? LARGE : Buffer.from('hello')
    koa.res.writeHead(200, { 'Content-Length': body.length }).end(body)
    unread.watch(koa.res)
  })
  // Bodies that break off are what this is about.
  app.on('error', () => undefined)
  return openTlsListener(t, {
    certificates: [
      { ...files, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
    ],
    listener: { allowsClearText: true, headersTimeoutMs: 700, requestTimeoutMs: 1_000 },
    app,
  })
}

/** Byte after byte, in pauses that are short and have no end. @returns stops it */
function drip(socket: Socket, text: string): () => void {
  let index = 0
  const timer = setInterval(() => {
    if (socket.writable && index < text.length) socket.write(text[index] ?? '')
    index += 1
  }, 5)
  return () => clearInterval(timer)
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; tries < 12_000; tries += 1) {
    if (isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.fail('it did not come')
}
