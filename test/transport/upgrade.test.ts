import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PemFolder, pkiNamed } from '../support/testPki.ts'
import { Load } from './load.ts'
import { TransportServer, until } from './server.ts'

const CLIENTS = 12

test('from HTTP over both to HTTPS, three servers and a certificate later, no request has failed', async (t) => {
  const { caPem: ca, issue } = await pkiNamed('first')
  const { certFile, keyFile } = new PemFolder(t).put('server', await issue())
  const server = await TransportServer.of(t, 'held socket')
  server.configure({})
  server.start()
  await server.told('listening')
  const load = new Load({ port: server.port, token: await server.token(), ca, clients: CLIENTS })
  load.start()
  const more = async (scheme: 'http' | 'https', count: number): Promise<void> => {
    const goal = load.done[scheme] + count
    await until(
      () => load.done[scheme] >= goal,
      `${count} more over ${scheme}`,
      () => server.words(),
    )
  }
  try {
    await more('http', 200)

    server.configure({ ssl: { cert_file: certFile, key_file: keyFile, allow_clear_text: 'true' } })
    server.signal('SIGHUP')
    await server.told('listening', 2)
    await more('http', 200)
    assert.equal(await server.metric('gatehouse_clear_text_clients'), CLIENTS)
    for (let index = 0; index < load.clients; index += 1) {
      load.move(index)
      await more('https', 10)
    }
    await more('https', 200)
    const clearBefore = await server.metric('gatehouse_clear_text_requests_total')
    await more('https', 200)
    assert.equal(await server.metric('gatehouse_clear_text_requests_total'), clearBefore)
    const told = server.logged(
      'a client still comes over HTTP: move it to HTTPS before allow_clear_text ends',
    )
    assert.deepEqual(
      new Set(told.map(({ userAgent }) => userAgent)),
      new Set(Array.from({ length: CLIENTS }, (_, index) => `client-${index}`)),
    )
    assert.ok(told.every(({ project, remote }) => project === 'p' && remote === '127.0.0.1'))

    server.configure({ ssl: { cert_file: certFile, key_file: keyFile } })
    server.signal('SIGHUP')
    await server.told('listening', 3)
    await more('https', 400)
  } finally {
    await load.stop()
  }
  assert.deepEqual(load.failures, [])
  t.diagnostic(`${load.done.http} requests over HTTP, ${load.done.https} over HTTPS`)
  assert.deepEqual(await server.stop(), { code: 0, signal: null })
})
