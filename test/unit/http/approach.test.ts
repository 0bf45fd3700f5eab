import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import Koa from 'koa'
import { AnybodysProxyWords, TrustedProxyWords } from '../../../src/http/forwarded.ts'
import { Listener, type ListenerOptions } from '../../../src/http/listener.ts'
import { Peers, TrustedProxies } from '../../../src/http/peers.ts'
import { proxyHeader1, proxyHeader2 } from '../../support/proxyHeaders.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import {
  askOverTls,
  GET,
  LISTENER,
  NO_CLIENTS,
  openTlsListener,
  portOf,
} from '../../support/tlsListener.ts'
import { listen } from '../../support/wire.ts'

interface Test {
  after(work: () => unknown): unknown
}

/** Says who it thinks has come, by way of PROXY headers and, where they are believed, X-Forwarded-For. */
function addressApp(peers: Peers, trusted?: TrustedProxies): Koa {
  const words =
    trusted === undefined
      ? new AnybodysProxyWords({ parsesAll: false, peers })
      : new TrustedProxyWords({ peers, trusted, headers: 'x-forwarded' })
  return new Koa().use((context) => {
    const scheme = 'encrypted' in context.req.socket ? 'https' : 'http'
    context.body = `${scheme} ${words.addressOf(context.req)}`
  })
}

async function say(port: number, pieces: readonly (string | Buffer)[], pauseMs = 0) {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  const heard = listen(socket)
  for (const piece of pieces) {
    socket.write(piece)
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
  return heard
}

const LOCAL = ['127.0.0.1']

async function openPlain(
  t: Test,
  trustedList: readonly string[],
  more: Partial<ListenerOptions> = {},
) {
  const peers = new Peers()
  const trusted = new TrustedProxies(trustedList)
  const refused: string[] = []
  const listener = new Listener({
    ...LISTENER,
    peers,
    proxies: trusted,
    onRefused: (reason, address) => void refused.push(`${reason} ${address}`),
    ...more,
  })
  const port = portOf(await listener.open(addressApp(peers, trusted)))
  t.after(() => listener.drain(0))
  return { port, listener, refused }
}

async function openBoth(t: Test, more: Partial<ListenerOptions> = {}) {
  const pki = await pkiNamed('first')
  const files = new PemFolder(t).put('server', await pki.issue())
  const certificates = [
    { ...files, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
  ]
  const peers = new Peers()
  const opened = await openTlsListener(t, {
    certificates,
    listener: { peers, ...more },
    app: addressApp(peers),
  })
  return { ...opened, ca: pki.caPem }
}

describe('PROXY headers on the wire', { concurrency: true }, () => {
  test('of a trusted proxy say who the client is, in either version, at once or byte by byte', async (t) => {
    const { port } = await openPlain(t, LOCAL)
    for (const header of [
      proxyHeader1('203.0.113.9', '10.0.0.1', 4711),
      proxyHeader2('203.0.113.9', '10.0.0.1', 4711),
    ]) {
      assert.match(
        (await say(port, [Buffer.concat([header, Buffer.from(GET)])])).text,
        /http 203\.0\.113\.9$/,
      )
      const bytes = [...Buffer.concat([header, Buffer.from(GET)])].map((byte) =>
        Buffer.from([byte]),
      )
      assert.match((await say(port, bytes, 1)).text, /http 203\.0\.113\.9$/)
      assert.match((await say(port, [header, GET], 30)).text, /http 203\.0\.113\.9$/)
    }
  })

  test('several requests follow one header', async (t) => {
    const { port } = await openPlain(t, LOCAL)
    const header = proxyHeader2('2001:db8::7', '::1', 1)
    const keep = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
    const { statuses, text } = await say(port, [header, keep, keep, GET])
    assert.deepEqual(statuses, [200, 200, 200])
    assert.equal(text.match(/http 2001:db8::7/g)?.length, 3)
  })

  test('for a health check of the proxy itself name the proxy', async (t) => {
    const { port } = await openPlain(t, LOCAL)
    const local = proxyHeader2('203.0.113.9', '10.0.0.1', 1, Buffer.alloc(0), 0x20)
    assert.match((await say(port, [local, GET])).text, /http 127\.0\.0\.1$/)
  })

  test('that are malformed or missing close the connection, and no request is served', async (t) => {
    const { port, refused } = await openPlain(t, LOCAL)
    for (const bytes of [
      GET,
      'PROXY TCP4 1.2.3.4\r\n',
      Buffer.concat([
        proxyHeader2('1.2.3.4', '1.2.3.4', 1).subarray(0, 13),
        Buffer.from([0xff, 0xff, 0xff]),
      ]),
    ]) {
      const heard = await say(port, [bytes, GET])
      assert.ok(heard.isClosed)
      assert.deepEqual(heard.statuses, [])
    }
    assert.deepEqual(refused, Array(3).fill('malformed PROXY header 127.0.0.1'))
  })

  test('that do not end are not waited for', async (t) => {
    const { port, refused } = await openPlain(t, LOCAL, { headersTimeoutMs: 100 })
    const heard = await say(port, ['PROXY TCP4 1.2.3.4 '])
    assert.ok(heard.isClosed)
    assert.deepEqual(refused, ['too slow 127.0.0.1'])
  })

  test('of somebody who is not trusted are no HTTP', async (t) => {
    const { port } = await openPlain(t, ['10.0.0.1'])
    const heard = await say(port, [proxyHeader1('203.0.113.9', '10.0.0.1', 4711), GET])
    assert.deepEqual(heard.statuses, [400])
    assert.match((await say(port, [GET])).text, /http 127\.0\.0\.1$/)
  })

  test('X-Forwarded-For behind a PROXY header is the word of the client, not of the proxy', async (t) => {
    const { port } = await openPlain(t, LOCAL)
    const forged = GET.replace('Host', 'X-Forwarded-For: 1.1.1.1\r\nHost')
    const header = proxyHeader1('203.0.113.9', '10.0.0.1', 4711)
    assert.match((await say(port, [header, forged])).text, /http 203\.0\.113\.9$/)
  })

  test('that name nobody leave the address of the proxy, and its client no say', async (t) => {
    const { port } = await openPlain(t, LOCAL)
    const forged = GET.replace('Host', 'X-Forwarded-For: 1.1.1.1\r\nHost')
    const unknown = Buffer.from('PROXY UNKNOWN\r\n')
    const local = proxyHeader2('203.0.113.9', '10.0.0.1', 1, Buffer.alloc(0), 0x20)
    for (const header of [unknown, local]) {
      assert.match((await say(port, [header, forged])).text, /http 127\.0\.0\.1$/)
    }
  })

  test('come before TLS', async (t) => {
    const { port, ca, handshakes } = await openBoth(t, { proxies: new TrustedProxies(LOCAL) })
    for (const before of [
      proxyHeader1('203.0.113.9', '1.1.1.1', 1),
      proxyHeader2('203.0.113.9', '1.1.1.1', 1),
    ]) {
      const heard = await askOverTls(port, { ca, before })
      assert.equal(heard.body, 'https 203.0.113.9', heard.error)
    }
    assert.equal((await askOverTls(port, { ca })).status, 0)
    assert.equal(handshakes.length, 2)
  })
})

describe('HTTP and HTTPS on one port', { concurrency: true }, () => {
  test('are told apart by the first byte, however it comes', async (t) => {
    const { port, ca } = await openBoth(t, { allowsClearText: true })
    assert.equal((await askOverTls(port, { ca })).body, 'https 127.0.0.1')
    assert.match((await say(port, [GET])).text, /http 127\.0\.0\.1$/)
    assert.match((await say(port, [GET.slice(0, 1), GET.slice(1)], 20)).text, /http 127\.0\.0\.1$/)
  })

  test('a client that sends and shuts its half at once is answered', async (t) => {
    const { port } = await openBoth(t, { allowsClearText: true })
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    const heard = listen(socket)
    socket.end(GET)
    assert.deepEqual((await heard).statuses, [200])
  })

  test('take PROXY headers before either', async (t) => {
    const { port, ca } = await openBoth(t, {
      allowsClearText: true,
      proxies: new TrustedProxies(LOCAL),
    })
    const before = proxyHeader2('203.0.113.9', '1.1.1.1', 1)
    assert.equal((await askOverTls(port, { ca, before })).body, 'https 203.0.113.9')
    assert.match((await say(port, [before, GET])).text, /http 203\.0\.113\.9$/)
    assert.match((await say(port, [before, GET], 20)).text, /http 203\.0\.113\.9$/)
  })

  test('who says nothing is closed in time, and when the listener drains', async (t) => {
    const { port, refused } = await openBoth(t, { allowsClearText: true, headersTimeoutMs: 100 })
    assert.ok((await say(port, [])).isClosed)
    assert.deepEqual(refused, ['too slow'])
    const patient = await openBoth(t, { allowsClearText: true })
    const heard = say(patient.port, [])
    await new Promise((resolve) => setTimeout(resolve, 20))
    await patient.listener.drain(2_000)
    assert.ok((await heard).isClosed)
  })

  test('a slow request is cut off over either', async (t) => {
    const times = { headersTimeoutMs: 400, requestTimeoutMs: 400 }
    const { port, ca } = await openBoth(t, { allowsClearText: true, ...times })
    const begun = performance.now()
    const inner = connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' })
    inner.write('GET / HT')
    const heard = await Promise.all([say(port, ['GET / HT']), listen(inner)])
    for (const { statuses } of heard) assert.deepEqual(statuses, [408])
    // Node by itself looks twice a minute.
    assert.ok(performance.now() - begun < 25_000)
  })
})
