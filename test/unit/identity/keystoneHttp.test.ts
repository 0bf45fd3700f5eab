import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { KeystoneHttp } from '../../../src/identity/keystoneHttp.ts'
import type { KeystoneConnection, KeystoneEvent } from '../../../src/identity/keystoneOptions.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { FakeKeystone } from '../../support/fakeKeystone.ts'
import { PemFolder, type Pki, pkiNamed } from '../../support/testPki.ts'

const pem = (name: string): string => join(import.meta.dirname, 'tls', name)
const SERVER = {
  cert: readFileSync(pem('server.pem'), 'utf8'),
  key: readFileSync(pem('server.key'), 'utf8'),
}

async function statusOf(t: TestContext, connection: KeystoneConnection): Promise<number | string> {
  const http = new KeystoneHttp({ maxRetries: 0, timeoutSeconds: 5, ...connection })
  t.after(() => http.close())
  try {
    return (await http.send({ method: 'GET', path: '', headers: {} })).status
  } catch (error) {
    return error instanceof Error ? error.message : 'no error'
  }
}

async function keystoneOverTls(t: TestContext): Promise<FakeKeystone> {
  const keystone = await FakeKeystone.start({ tls: SERVER })
  t.after(() => keystone.close())
  return keystone
}

test('a Keystone whose certificate is from the configured CA is spoken to', async (t) => {
  const keystone = await keystoneOverTls(t)
  assert.equal(await statusOf(t, { authUrl: keystone.url, cafile: pem('ca.pem') }), 200)
})

test('a Keystone whose certificate is from another CA is not, unless insecure says so', async (t) => {
  const keystone = await keystoneOverTls(t)
  assert.match(
    String(await statusOf(t, { authUrl: keystone.url, cafile: pem('otherCa.pem') })),
    /CERT|verify|certificate/i,
  )
  assert.match(String(await statusOf(t, { authUrl: keystone.url })), /CERT|verify|certificate/i)
  assert.equal(
    await statusOf(t, { authUrl: keystone.url, cafile: pem('otherCa.pem'), insecure: true }),
    200,
  )
})

test('a client certificate is sent, with its key in a file of its own', async (t) => {
  const keystone = await FakeKeystone.start({
    tls: {
      ...SERVER,
      ca: readFileSync(pem('ca.pem'), 'utf8'),
      requestCert: true,
      rejectUnauthorized: true,
    },
  })
  t.after(() => keystone.close())
  const connection = { authUrl: keystone.url, cafile: pem('ca.pem') }
  assert.notEqual(await statusOf(t, connection), 200)
  assert.equal(
    await statusOf(t, { ...connection, certfile: pem('client.pem'), keyfile: pem('client.key') }),
    200,
  )
})

test('a renewed CA is used without a restart, and files that are broken are not', async (t) => {
  const keystone = await FakeKeystone.start({
    tls: {
      ...SERVER,
      ca: readFileSync(pem('ca.pem'), 'utf8'),
      requestCert: true,
      rejectUnauthorized: true,
    },
  })
  t.after(() => keystone.close())
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-renewed-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = (name: string) => join(folder, name)
  const put = (from: string, to: string) => copyFile(pem(from), file(to))
  await put('otherCa.pem', 'ca.pem')
  await put('client.pem', 'client.pem')
  await put('client.key', 'client.key')
  const events: KeystoneEvent[] = []
  const http = new KeystoneHttp({
    authUrl: keystone.url,
    cafile: file('ca.pem'),
    certfile: file('client.pem'),
    keyfile: file('client.key'),
    maxRetries: 0,
    lookEveryMs: 0,
    onEvent: (event) => events.push(event),
  })
  t.after(() => http.close())
  const ask = async () => (await http.send({ method: 'GET', path: '', headers: {} })).status
  await assert.rejects(ask(), /CERT|verify|certificate/i)
  await put('ca.pem', 'ca.pem')
  assert.equal(await ask(), 200)
  const { connections } = keystone

  await put('server.key', 'client.key')
  assert.equal(await ask(), 200, 'the key does not fit: the one before is used')
  await writeFile(file('client.pem'), 'no certificate')
  assert.equal(await ask(), 200)
  await rm(file('client.pem'))
  assert.equal(await ask(), 200)
  assert.equal(keystone.connections, connections, 'and its connection is kept')
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['filesRenewed', 'filesRefused', 'filesRefused', 'filesRefused'],
  )

  await put('client.pem', 'client.pem')
  await put('client.key', 'client.key')
  assert.equal(await ask(), 200)
  assert.equal(events.at(-1)?.kind, 'filesRenewed')
})

test('a renewed client certificate is the one that Keystone sees', async (t) => {
  const [ours, others] = [await pkiNamed('ours'), await pkiNamed('others')]
  const server = await ours.issue()
  const seen: string[] = []
  const keystone = createServer(
    {
      cert: server.certificate,
      key: server.key,
      ca: ours.caPem,
      requestCert: true,
      rejectUnauthorized: true,
    },
    (request, response) => {
      seen.push(String((request.socket as TLSSocket).getPeerCertificate().subject.CN))
      response.end('{}')
    },
  )
  await once(keystone.listen(0, '127.0.0.1'), 'listening')
  const folder = new PemFolder(t)
  const files = { certfile: join(folder.path, 'cert.pem'), keyfile: join(folder.path, 'key.pem') }
  const renew = async (by: Pki, commonName: string) => {
    const issued = await by.issue({ commonName, alternativeNames: [], usage: 'client' })
    folder.write('cert.pem', issued.certificate)
    folder.write('key.pem', issued.key)
  }
  await renew(others, 'stranger')
  const http = new KeystoneHttp({
    authUrl: `https://127.0.0.1:${(keystone.address() as AddressInfo).port}`,
    cafile: folder.write('ca.pem', ours.caPem),
    ...files,
    maxRetries: 0,
    lookEveryMs: 0,
  })
  t.after(() => {
    http.close()
    keystone.close()
  })
  const ask = () => http.send({ method: 'GET', path: '', headers: {} })
  await assert.rejects(ask(), { name: 'KeystoneUnreachable' })
  await renew(ours, 'first')
  await ask()
  await renew(ours, 'second')
  await ask()
  await ask()
  assert.deepEqual(seen, ['first', 'second', 'second'])
})

test('certificate files that cannot be read and URLs that are none refuse the start', () => {
  for (const wrong of [
    { authUrl: 'https://127.0.0.1', cafile: '/nonexistent/ca.pem' },
    { authUrl: 'https://127.0.0.1', certfile: '/nonexistent/cert.pem' },
    { authUrl: 'https://127.0.0.1', certfile: pem('client.pem'), keyfile: '/nonexistent/key.pem' },
    { authUrl: '127.0.0.1:5000' },
    { authUrl: 'ftp://127.0.0.1' },
    { authUrl: '' },
  ]) {
    assert.throws(() => new KeystoneHttp(wrong), StartupRefusal, JSON.stringify(wrong))
  }
})

test('auth_url works with and without version and trailing slash', async (t) => {
  const keystone = await FakeKeystone.start()
  t.after(() => keystone.close())
  for (const suffix of ['', '/', '/v3', '/v3/', '/v2.0', '/v3//']) {
    assert.equal(await statusOf(t, { authUrl: `${keystone.url}${suffix}` }), 200, suffix)
  }
  assert.equal(await statusOf(t, { authUrl: `${keystone.url}/identity` }), 404, 'a prefix is kept')
})

test('kept connections are used again', async (t) => {
  const keystone = await FakeKeystone.start()
  const http = new KeystoneHttp({ authUrl: keystone.url })
  t.after(async () => {
    http.close()
    await keystone.close()
  })
  for (let i = 0; i < 20; i++) await http.send({ method: 'GET', path: '', headers: {} })
  assert.equal(keystone.connections, 1)
})

test('a refused connection is tried again as often as http_request_max_retries says', async () => {
  const keystone = await FakeKeystone.start()
  keystone.mode = 'down'
  const http = new KeystoneHttp({ authUrl: keystone.url, maxRetries: 2 })
  await assert.rejects(http.send({ method: 'GET', path: '', headers: {} }), {
    name: 'KeystoneUnreachable',
  })
  assert.equal(keystone.connections, 3)
  http.close()
  await keystone.close()
})

test('an answer that never ends is cut off', async (t) => {
  const keystone = await FakeKeystone.start()
  t.after(() => keystone.close())
  keystone.mode = 'endless'
  assert.match(String(await statusOf(t, { authUrl: keystone.url })), /longer than 1 MiB/)
})
