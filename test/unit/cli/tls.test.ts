import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { freshFolder, runCli } from '../../support/runCli.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { askOverTls, NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'

interface Test {
  after(work: () => void): unknown
}

async function run(env: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const started = runCli({ args: ['tls', ...args], env })
  const code = await started.code
  return { code, out: started.out(), err: started.err() }
}

function freshTls(t: Test) {
  const state = join(freshFolder(t), 'state')
  const file = (name: string): string => join(state, 'tls', name)
  const env = { STATE_DIRECTORY: state }
  const served = { OS_SSL__CERT_FILE: file('server.pem'), OS_SSL__KEY_FILE: file('server.key') }
  return { env, served: { ...env, ...served }, file }
}

describe('gatehouse tls', () => {
  test('init makes a CA and a certificate that a client of that CA accepts, with keys for their owner alone', async (t) => {
    const { env, file } = freshTls(t)
    const { code, out } = await run(env, 'init', '--name', 'kms.example', '127.0.0.1')
    assert.equal(code, 0)
    assert.match(out, /cert_file = .*server\.pem\nkey_file = .*server\.key/)
    for (const key of ['ca.key', 'server.key']) {
      assert.equal(statSync(file(key)).mode & 0o777, 0o600, key)
    }
    const { port } = await openTlsListener(t, {
      certificates: [
        {
          name: 'default',
          serverNames: [],
          certFile: file('server.pem'),
          keyFile: file('server.key'),
          caFile: undefined,
          clients: NO_CLIENTS,
        },
      ],
    })
    const ca = readFileSync(file('ca.pem'), 'utf8')
    assert.equal((await askOverTls(port, { ca, servername: 'kms.example' })).status, 200)
    const { subjectAltName } = new X509Certificate(readFileSync(file('server.pem')))
    assert.equal(subjectAltName, 'DNS:kms.example, IP Address:127.0.0.1')
  })

  test('init touches nothing that is there', async (t) => {
    const { env, file } = freshTls(t)
    await run(env, 'init')
    const before = readdirSync(file('')).map((name) => readFileSync(file(name), 'utf8'))
    const { code, err } = await run(env, 'init')
    assert.equal(code, 1)
    assert.match(err, /ca\.pem is there already/)
    assert.deepEqual(
      readdirSync(file('')).map((name) => readFileSync(file(name), 'utf8')),
      before,
    )
  })

  test('renew keeps names and key, or makes another when asked', async (t) => {
    const { env, file } = freshTls(t)
    await run(env, 'init', '--name', 'a.example', '::1', '--days', '5')
    const certificate = () => new X509Certificate(readFileSync(file('server.pem')))
    const [first, key] = [certificate(), readFileSync(file('server.key'), 'utf8')]
    assert.equal((await run(env, 'renew')).code, 0)
    const second = certificate()
    assert.notEqual(second.serialNumber, first.serialNumber)
    assert.equal(second.subjectAltName, first.subjectAltName)
    assert.ok(Date.parse(second.validTo) > Date.parse(first.validTo))
    assert.equal(readFileSync(file('server.key'), 'utf8'), key)
    assert.equal((await run(env, 'renew', '--new-key', '--name', 'b.example')).code, 0)
    assert.notEqual(readFileSync(file('server.key'), 'utf8'), key)
    assert.equal(certificate().subjectAltName, 'DNS:b.example')
    assert.equal(
      (
        await run(
          { ...env, OS_SSL__CERT_FILE: file('server.pem'), OS_SSL__KEY_FILE: file('server.key') },
          'check',
        )
      ).code,
      0,
    )
  })

  test('client issues what the server can ask for, and no other name', async (t) => {
    const { env, served, file } = freshTls(t)
    await run(env, 'init')
    assert.equal((await run(env, 'client', 'nova')).code, 0)
    assert.equal((await run(env, 'client', 'nova')).code, 1)
    for (const name of ['ca', 'server', '../x', '']) {
      assert.equal((await run(env, 'client', name)).code, 1, name)
    }
    const { keyUsage, subject } = new X509Certificate(readFileSync(file('nova.pem')))
    assert.deepEqual([keyUsage, subject], [['1.3.6.1.5.5.7.3.2'], 'CN=nova'])
    const { code, out } = await run({ ...served, OS_SSL__CA_FILE: file('ca.pem') }, 'check')
    assert.equal(code, 0)
    assert.match(out, /clients {5}certificate required, of CN=Gatehouse CA/)
  })

  test('without ca.key renew and client say what is missing', async (t) => {
    const { env } = freshTls(t)
    for (const args of [['renew'], ['client', 'nova']]) {
      const { code, err } = await run(env, ...args)
      assert.equal(code, 1)
      assert.match(err, /ca\.pem cannot be read: ENOENT/)
    }
  })

  test('check says what would be served, and is 1 when there is nothing, or soon nothing', async (t) => {
    const { env, served } = freshTls(t)
    assert.equal((await run(env, 'check')).code, 1)
    await run(env, 'init', '--days', '20')
    const { code, out } = await run(served, 'check')
    assert.equal(code, 0, out)
    assert.match(out, /days left {3}19/)
    assert.match(out, /ECDHE-ECDSA-AES256-GCM-SHA384/)
    assert.equal((await run(served, 'check', '--days', '15')).code, 0)
    assert.equal((await run(served, 'check', '--days', '25')).code, 1)
  })

  test('check says that sessions are not resumed where names have client CAs of their own', async (t) => {
    const { env, served, file } = freshTls(t)
    await run(env, 'init')
    assert.match(
      (await run(served, 'check')).out,
      /sessions {4}are resumed for 3600 s, by the process/,
    )
    const folder = new PemFolder(t)
    const config = folder.write(
      'further.conf',
      `[ssl:x]\nserver_names = x\ncert_file = ${file('server.pem')}\nkey_file = ${file('server.key')}\nca_file = ${file('ca.pem')}\n`,
    )
    const started = runCli({ args: ['--config-file', config, 'tls', 'check'], env: served })
    assert.equal(await started.code, 0)
    assert.match(
      started.out(),
      /sessions {4}are not resumed, for names have client CAs of their own/,
    )
    assert.match(started.out(), /certificate x\nasked for {3}x\n/)
  })

  test('check is 1, with the reason, for whatever the listener would refuse', async (t) => {
    const { env, served, file } = freshTls(t)
    await run(env, 'init')
    const stranger = await (await pkiNamed('first')).issue()
    writeFileSync(file('server.key'), stranger.key)
    const mismatch = await run(served, 'check')
    assert.equal(mismatch.code, 1)
    assert.match(mismatch.out, /BROKEN {6}the key is not that of the certificate/)
    const gone = await run({ ...served, OS_SSL__CERT_FILE: '/nowhere.pem' }, 'check')
    assert.equal(gone.code, 1)
    assert.match(gone.out, /BROKEN .*ENOENT/)
    const folder = new PemFolder(t)
    const fine = folder.put('fine', stranger)
    const tickets = await run(
      {
        ...env,
        OS_SSL__CERT_FILE: fine.certFile,
        OS_SSL__KEY_FILE: fine.keyFile,
        OS_SSL__TICKET_KEY_FILE: folder.write('tickets', 'a'.repeat(32), 0o644),
      },
      'check',
    )
    assert.equal(tickets.code, 1)
    assert.match(tickets.out, /BROKEN .*open to other users/)
    assert.ok(existsSync(file('ca.key')))
  })
})
