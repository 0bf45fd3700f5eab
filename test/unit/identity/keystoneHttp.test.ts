import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { KeystoneHttp } from '../../../src/identity/keystoneHttp.ts'
import type { KeystoneConnection } from '../../../src/identity/keystoneOptions.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { FakeKeystone } from '../../support/fakeKeystone.ts'

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
