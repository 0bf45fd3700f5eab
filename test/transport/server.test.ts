import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { lstatSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { connect } from 'node:net'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { promisify } from 'node:util'
import { proxyHeader2 } from '../support/proxyHeaders.ts'
import { PemFolder, pkiNamed } from '../support/testPki.ts'
import { askOverTls } from '../support/tlsListener.ts'
import { listen } from '../support/wire.ts'
import { Load } from './load.ts'
import { TransportServer, until } from './server.ts'

const DAY_MS = 86_400_000

interface Test {
  after(work: () => unknown): unknown
}

async function pki(t: Test) {
  const { caPem: ca, issue } = await pkiNamed('first')
  const folder = new PemFolder(t)
  const files = folder.put('server', await issue({ commonName: 'one' }))
  return {
    ca,
    caFile: folder.write('ca.pem', ca),
    issue,
    ...files,
    ssl: { cert_file: files.certFile, key_file: files.keyFile },
  }
}

async function askedOverTls(
  server: TransportServer,
  ca: string,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const token = await server.token()
  return new Promise((resolve, reject) => {
    httpsRequest({
      port: server.port,
      host: '127.0.0.1',
      ca,
      servername: 'localhost',
      method,
      path,
      headers: { 'x-auth-token': token, 'content-type': 'application/json', ...headers },
    })
      .once('response', (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0))
      })
      .once('error', reject)
      .end(body === undefined ? undefined : JSON.stringify(body))
  })
}

function replace(path: string, content: string): void {
  writeFileSync(`${path}.new`, content)
  renameSync(`${path}.new`, path)
}

test("a client with an OpenSSL that has no ML-KEM, as Debian's is, is served as before", async (t) => {
  const { caFile, ssl } = await pki(t)
  const server = await TransportServer.of(t)
  server.configure({ ssl })
  server.start()
  await server.told('listening')
  for (const version of ['-tls1_3', '-tls1_2']) {
    const args = ['s_client', '-connect', `127.0.0.1:${server.port}`, '-servername', 'localhost']
    const checked = ['-CAfile', caFile, '-verify_return_error', '-verify_hostname', 'localhost']
    // Whatever a later Debian brings.
    const client = spawn('openssl', [
      ...args,
      ...checked,
      version,
      '-groups',
      'X25519:P-256',
      '-ign_eof',
    ])
    client.stdin.end('GET /healthcheck HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n')
    const heard = await text(client.stdout)
    assert.match(heard, /^Server Temp Key: X25519/m)
    assert.match(heard, /^HTTP\/1\.1 200 OK/m)
  }
})

test('a certificate is exchanged under load without a failed request; a broken one is refused aloud', async (t) => {
  const { ca, ssl, issue, certFile, keyFile } = await pki(t)
  const server = await TransportServer.of(t)
  server.configure({ ssl })
  server.start()
  await server.told('listening')
  const load = new Load({ port: server.port, token: await server.token(), ca, clients: 8 })
  for (let index = 0; index < load.clients; index += 1) load.move(index)
  load.start()
  try {
    const until30 = DAY_MS / 1000
    assert.ok(
      (await server.metric('gatehouse_certificate_expiry_seconds{certificate="default"}')) >
        9 * until30,
    )
    for (const commonName of ['two', 'three']) {
      const next = await issue({ commonName, kind: 'p384' })
      replace(keyFile, next.key)
      replace(certFile, next.certificate)
      await until(
        async () => (await askOverTls(server.port, { ca })).peer === commonName,
        commonName,
      )
    }
    replace(certFile, (await issue({ commonName: 'stranger' })).certificate)
    await server.told('a changed certificate cannot be served: the one before stays')
    assert.equal(await server.metric('gatehouse_certificate_refused{certificate="default"}'), 1)
    assert.equal((await askOverTls(server.port, { ca })).peer, 'three')
    const mended = await issue({ commonName: 'mended' })
    writeFileSync(keyFile, mended.key)
    writeFileSync(certFile, mended.certificate)
    server.signal('SIGHUP')
    await until(async () => (await askOverTls(server.port, { ca })).peer === 'mended', 'mended')
    assert.equal(await server.metric('gatehouse_certificate_refused{certificate="default"}'), 0)
    const before = load.done.https
    await until(() => load.done.https > before + 100, 'load after it')
  } finally {
    await load.stop()
  }
  assert.deepEqual(load.failures, [])
  assert.ok(load.done.https > 200)
})

test('a certificate that cannot be served stops the start with one sentence and code 3', async (t) => {
  const { ssl, certFile, issue } = await pki(t)
  writeFileSync(certFile, (await issue()).certificate)
  const server = await TransportServer.of(t)
  server.configure({ ssl })
  server.start()
  const exit = await server.exited
  assert.match(
    server.words(),
    /gatehouse: .*server\.pem cannot be served: the key is not that of the certificate\.\n/,
  )
  assert.deepEqual(exit, { code: 3, signal: null })
})

test('a connection in TLS is finished when the server drains, and told that it closes', async (t) => {
  const { ca, ssl } = await pki(t)
  const server = await TransportServer.of(t)
  server.configure({ ssl })
  server.start()
  await server.told('listening')
  const socket = connectTls({ port: server.port, host: '127.0.0.1', ca, servername: 'localhost' })
  socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
  const heard = listen(socket)
  await new Promise((resolve) => socket.once('data', resolve))
  socket.write('GET / HTTP/1.1\r\n')
  server.signal('SIGTERM')
  // A busy process may read the rest before it hears of the signal, and would then announce nothing.
  await server.told('stopping: requests under way may finish')
  socket.write('Host: x\r\n\r\n')
  const { statuses, text, isClosed } = await heard
  assert.deepEqual(statuses, [300, 300])
  assert.ok(isClosed)
  assert.match(text, /Keep-Alive: timeout=90[\s\S]*\r\nConnection: close\r\n/)
  assert.deepEqual(await server.stop(), { code: 0, signal: null })
})

test("the client's address reaches log and audit, by PROXY header and by X-Forwarded-For", async (t) => {
  const { ca, ssl } = await pki(t)
  const server = await TransportServer.of(t)
  const listener = { trusted_proxies: '127.0.0.0/8', proxy_protocol: 'true' }
  server.configure({ ssl, listener })
  server.start()
  await server.told('listening')
  const before = proxyHeader2('203.0.113.9', '10.0.0.1', 4711)
  assert.equal((await askOverTls(server.port, { ca, before })).status, 300)
  await until(
    () => server.logged('request').some(({ remote }) => remote === '203.0.113.9'),
    'logged',
  )
  const raw = connect(server.port, '127.0.0.1')
  raw.write(before)
  const inner = connectTls({ socket: raw, ca, servername: 'localhost' })
  inner.write(
    'GET /v1/secrets HTTP/1.1\r\nHost: x\r\nX-Auth-Token: wrong\r\nConnection: close\r\n\r\n',
  )
  assert.deepEqual((await listen(inner)).statuses, [401])
  await until(() => server.audit().some(({ remote }) => remote === '203.0.113.9'), 'audited')
  await server.stop()

  server.configure({ ssl, listener: { trusted_proxies: '127.0.0.0/8' } })
  server.start()
  await server.told('listening', 2)
  const headers = { 'x-forwarded-for': '1.1.1.1, 198.51.100.7' }
  assert.equal(await askedOverTls(server, ca, 'GET', '/v1/secrets', undefined, headers), 200)
  await until(
    () =>
      server
        .audit()
        .some(({ remote, rule }) => remote === '198.51.100.7' && rule === 'secrets:get'),
    'audited',
  )
  assert.ok(!server.audit().some(({ remote }) => remote === '1.1.1.1'))
})

test('behind a Unix socket the address is what the proxy says, and others of the group may connect', async (t) => {
  const server = await TransportServer.of(t)
  const path = join(server.folder, 'api.sock')
  server.configure({
    DEFAULT: { bind_host: `unix:${path}` },
    listener: {
      trusted_proxies: 'unix',
      socket_mode: '0660',
      socket_group: String(userInfo().gid),
    },
  })
  server.start()
  await server.told('listening')
  assert.equal(statSync(path).mode & 0o777, 0o660)
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      const headers = {
        host: 'kms.example',
        'x-forwarded-for': '198.51.100.7',
        'x-forwarded-proto': 'https',
      }
      request({ socketPath: path, path: '/', headers })
        .once('response', (response) => {
          response.setEncoding('utf8').once('data', resolve)
        })
        .once('error', reject)
        .end()
    })
  assert.match(await ask(), /https:\/\/kms\.example\/v1/)
  await until(
    () => server.logged('request').some(({ remote }) => remote === '198.51.100.7'),
    'logged',
  )

  await server.kill()
  assert.ok(lstatSync(path).isSocket(), 'a killed server leaves its socket')
  server.start()
  await server.told('listening', 2)
  assert.match(await ask(), /kms\.example/)
  const second = spawn(
    process.execPath,
    ['bin/gatehouse.js', 'serve', '--config-file', join(server.folder, 'gatehouse.conf')],
    {
      cwd: join(import.meta.dirname, '../..'),
      env: {
        PATH: process.env['PATH'],
        OS_ADMIN__BIND_PORT: '0',
        OS_DEFAULT__STATE_PATH: join(server.folder, 'second'),
      },
      stdio: 'ignore',
    },
  )
  const code = await new Promise((resolve) => second.once('exit', resolve))
  assert.equal(code, 7)
  assert.match(await ask(), /kms\.example/)
  assert.deepEqual(await server.stop(), { code: 0, signal: null })
  assert.throws(() => lstatSync(path), { code: 'ENOENT' })
})

test('systemd-socket-activate starts it with the first connection, and that one is answered over TLS', async (t) => {
  const { ca, ssl } = await pki(t)
  const server = await TransportServer.of(t, 'systemd-socket-activate')
  server.configure({ DEFAULT: { bind_host: 'systemd:api' }, ssl })
  server.start()
  await until(
    () => server.words().includes('Listening on'),
    'activated',
    () => server.words(),
  )
  const { status, error } = await askOverTls(server.port, { ca })
  assert.deepEqual([status, error], [300, ''])
  const [listening] = server.logged('listening')
  assert.equal(listening?.['address'], `https://127.0.0.1:${server.port}`)
  // The process that makes key pairs must not inherit the socket: nobody could then restart the server.
  const order = { type: 'asymmetric', meta: { algorithm: 'rsa', bit_length: 2048 } }
  await askedOverTls(server, ca, 'POST', '/v1/orders', order)
  await server.told('a key pair was made')
  const { stdout } = await promisify(execFile)('ss', ['-Hltnp', `sport = :${server.port}`])
  assert.equal(stdout.match(/pid=/g)?.length, 1, stdout)
  assert.deepEqual(await server.stop(), { code: 0, signal: null })
})

test('where a name has client CAs of its own, no session gets past them from another name', async (t) => {
  const { ca, ssl } = await pki(t)
  const { caPem } = await pkiNamed('clients')
  const caFile = new PemFolder(t).write('clients.pem', caPem)
  const server = await TransportServer.of(t)
  server.configure({ ssl, 'ssl:inner': { ...ssl, server_names: 'inner', ca_file: caFile } })
  server.start()
  await server.told('listening')
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const tls = { ca, minVersion: version, maxVersion: version }
    const { session, status } = await askOverTls(server.port, tls)
    assert.equal(status, 300)
    const held = session === undefined ? {} : { session }
    const again = await askOverTls(server.port, { ...tls, ...held })
    assert.deepEqual([again.status, again.isResumed], [300, false])
    const inner = { ...tls, ...held, servername: 'inner', checkServerIdentity: () => undefined }
    assert.equal((await askOverTls(server.port, inner)).status, 0)
  }
  await server.told('a client without the right certificate was cut off', 2)
})

test('a socket in clear text that others can reach is warned of, also when systemd opened it', async (t) => {
  const warning =
    'tokens and payloads cross the network in clear here: give [ssl] a certificate, or bind to loopback behind a TLS proxy'
  const server = await TransportServer.of(t)
  const warnings = async (bindHost: string, starts: number): Promise<number> => {
    server.configure({ DEFAULT: { bind_host: bindHost } })
    server.start()
    await server.told('listening', starts)
    await server.stop()
    return server.logged(warning).length
  }
  assert.equal(await warnings('127.0.0.1', 1), 0)
  assert.equal(await warnings('::1', 2), 0)
  assert.equal(await warnings('0.0.0.0', 3), 1)
  const held = await TransportServer.of(t, 'held socket', '0.0.0.0')
  held.configure({})
  held.start()
  await held.told('listening')
  assert.equal(held.logged(warning).length, 1)
})
