import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import Koa from 'koa'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'
import { listen } from '../../support/wire.ts'

const HIDDEN = 'GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n'
const CHUNKED = 'Transfer-Encoding: chunked'
const withHeaders = (...lines: readonly string[]): string =>
  `POST /seen HTTP/1.1\r\nHost: localhost\r\n${lines.join('\r\n')}\r\n\r\n0\r\n\r\n${HIDDEN}`

/** What two servers in a row could take for different requests. */
const AMBIGUOUS: Readonly<Record<string, string>> = {
  'a length and chunks': withHeaders('Content-Length: 5', CHUNKED),
  'chunks and a length': withHeaders(CHUNKED, 'Content-Length: 5'),
  'two lengths that differ': withHeaders('Content-Length: 5', 'Content-Length: 6'),
  'two lengths that agree': withHeaders('Content-Length: 5', 'Content-Length: 5'),
  'a list of lengths': withHeaders('Content-Length: 5, 5'),
  'a length with a plus': withHeaders('Content-Length: +5'),
  'a negative length': withHeaders('Content-Length: -5'),
  'a length in hex': withHeaders('Content-Length: 0x5'),
  'an empty length': withHeaders('Content-Length:'),
  'chunks that are not the last coding': withHeaders('Transfer-Encoding: chunked, identity'),
  'two transfer codings': withHeaders(CHUNKED, 'Transfer-Encoding: identity'),
  'chunked twice': withHeaders(CHUNKED, CHUNKED, 'Content-Length: 5'),
  'a coding that only looks like chunked': withHeaders('Transfer-Encoding: xchunked'),
  'chunked after a vertical tab': withHeaders(
    'Transfer-Encoding: \x0bchunked',
    'Content-Length: 5',
  ),
  'a blank before the colon': withHeaders('Transfer-Encoding : chunked', 'Content-Length: 5'),
  'a folded line': withHeaders('X-A: b', ' c', 'Content-Length: 5'),
  'a coding on a folded line': withHeaders('Transfer-Encoding:', ' chunked', 'Content-Length: 5'),
  'a folded first line': `GET /seen HTTP/1.1\r\n X-A: b\r\nHost: localhost\r\n\r\n${HIDDEN}`,
  'a bare LF after a header': `GET /seen HTTP/1.1\r\nHost: localhost\nX-A: b\r\n\r\n${HIDDEN}`,
  'a bare LF after the first line': `GET /seen HTTP/1.1\nHost: localhost\r\n\r\n${HIDDEN}`,
  'bare LFs alone': `GET /seen HTTP/1.1\nHost: localhost\n\n${HIDDEN}`,
  'a bare CR in a header': `GET /seen HTTP/1.1\r\nHost: localhost\r\nX-A: b\rX-C: d\r\n\r\n${HIDDEN}`,
  'a NUL in a header': `GET /seen HTTP/1.1\r\nHost: localhost\r\nX-A: b\0c\r\n\r\n${HIDDEN}`,
  'a header without a name': withHeaders(': value', 'Content-Length: 5'),
  'a header without a colon': withHeaders('Nonsense', 'Content-Length: 5'),
  'no Host': `GET /seen HTTP/1.1\r\n\r\n${HIDDEN}`,
  'two Hosts': `GET /seen HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n${HIDDEN}`,
  'a chunk size with a sign': chunks('+5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size in 0x': chunks('0x5\r\nhello\r\n0\r\n\r\n'),
  'a chunk size followed by blanks': chunks('5 \r\nhello\r\n0\r\n\r\n'),
  'a chunk that ends in a bare LF': chunks('5\nhello\r\n0\r\n\r\n'),
  'a chunk longer than it says': chunks('5\r\nhello!!\r\n0\r\n\r\n'),
  'a chunk of 2^64': chunks('10000000000000005\r\nhello\r\n0\r\n\r\n'),
  'a version nobody has': `GET /seen HTTP/1.9\r\nHost: localhost\r\n\r\n${HIDDEN}`,
  'chunks in HTTP/1.0': `POST /seen HTTP/1.0\r\nHost: localhost\r\n${CHUNKED}\r\nContent-Length: 5\r\n\r\n0\r\n\r\n${HIDDEN}`,
}

function chunks(text: string): string {
  return `POST /seen HTTP/1.1\r\nHost: localhost\r\n${CHUNKED}\r\n\r\n${text}${HIDDEN}`
}

describe('a request that could be read in two ways', { concurrency: true }, () => {
  const served: string[] = []
  const closing: (() => unknown)[] = []
  let port = 0
  let ca = ''
  before(async () => {
    const t = { after: (work: () => unknown) => void closing.push(work) }
    const { caPem, issue } = await pkiNamed('first')
    ca = caPem
    const files = new PemFolder(t).put('server', await issue())
    const app = new Koa().use(async (context) => {
      served.push(context.path)
      for await (const _ of context.req);
      context.body = 'served'
    })
    const opened = await openTlsListener(t, {
      certificates: [
        { ...files, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
      ],
      listener: { allowsClearText: true },
      app,
    })
    port = opened.port
  })
  after(async () => {
    for (const close of closing.toReversed()) await close()
  })

  for (const scheme of ['http', 'https'] as const) {
    for (const [index, [name, text]] of Object.entries(AMBIGUOUS).entries()) {
      test(`over ${scheme}: ${name}: 400, the connection closed, and what is hidden is never served`, async () => {
        const hidden = `/${scheme}/${index}`
        const socket =
          scheme === 'http'
            ? connect(port, '127.0.0.1')
            : connectTls({ port, host: '127.0.0.1', ca, servername: 'localhost' })
        socket.write(Buffer.from(text.replace('/hidden', hidden), 'latin1'))
        const heard = await listen(socket, 4_000)
        assert.ok(heard.isClosed, `left open after ${heard.statuses}`)
        assert.deepEqual(heard.statuses, [400], heard.text)
        assert.ok(!served.includes(hidden))
      })
    }
  }

  test('one that cannot, with another behind it, is served, and so is that', async () => {
    const socket = connect(port, '127.0.0.1')
    const last = HIDDEN.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n')
    socket.write(`POST /seen HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nhi${last}`)
    assert.deepEqual((await listen(socket, 4_000)).statuses, [200, 200])
    assert.ok(served.includes('/hidden'))
  })
})
