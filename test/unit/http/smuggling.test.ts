import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import Koa from 'koa'
import { AMBIGUOUS, HIDDEN } from '../../support/ambiguousRequests.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'
import { listen } from '../../support/wire.ts'

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
        const heard = await listen(socket)
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
    assert.deepEqual((await listen(socket)).statuses, [200, 200])
    assert.ok(served.includes('/hidden'))
  })
})
