import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { connect as connectTcp } from 'node:net'
import { describe, test } from 'node:test'
import { TicketKeys } from '../../../src/tls/ticketKeys.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { askOverTls, NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'
import { listen } from '../../support/wire.ts'

interface Test {
  after(work: () => unknown): unknown
}

async function simple(t: Test, kind: 'p256' | 'p384' | 'rsa3072' = 'p256') {
  const pki = await pkiNamed('first')
  const files = new PemFolder(t).put('server', await pki.issue({ kind }))
  const certificate = {
    ...files,
    name: 'default',
    serverNames: [],
    caFile: undefined,
    clients: NO_CLIENTS,
  }
  return { ca: pki.caPem, certificate }
}

describe('the TLS listener', () => {
  for (const kind of ['p256', 'p384', 'rsa3072'] as const) {
    test(`serves a ${kind} certificate over TLS 1.2 and 1.3, with the client's address`, async (t) => {
      const { ca, certificate } = await simple(t, kind)
      const { port, address } = await openTlsListener(t, { certificates: [certificate] })
      assert.match(address, /^https:\/\/127\.0\.0\.1:\d+$/)
      for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
        const heard = await askOverTls(port, { ca, minVersion: version, maxVersion: version })
        assert.equal(heard.error, '')
        assert.equal(heard.body, 'https 127.0.0.1')
        assert.equal(heard.protocol, version)
        if (version === 'TLSv1.2') assert.match(heard.cipher, /^TLS_ECDHE_.*(GCM|POLY1305)/)
      }
    })
  }

  test('speaks nothing below TLS 1.2, and no suite without forward secrecy or AEAD', async (t) => {
    const { ca, certificate } = await simple(t)
    const { port, handshakes } = await openTlsListener(t, { certificates: [certificate] })
    const old = { ca, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
    assert.notEqual((await askOverTls(port, old as object)).error, '')
    for (const ciphers of [
      'ECDHE-ECDSA-AES256-SHA384',
      'AES256-GCM-SHA384',
      'DHE-RSA-AES256-GCM-SHA384',
    ]) {
      const heard = await askOverTls(port, { ca, maxVersion: 'TLSv1.2', ciphers })
      assert.equal(heard.status, 0, ciphers)
      assert.notEqual(heard.error, '', ciphers)
    }
    assert.deepEqual(
      handshakes.map(({ outcome }) => outcome),
      ['failed', 'failed', 'failed', 'failed'],
    )
  })

  test('profile strict leaves one suite of TLS 1.2, and TLS 1.3', async (t) => {
    const { ca, certificate } = await simple(t)
    const { port } = await openTlsListener(t, {
      certificates: [certificate],
      protocol: { profile: 'strict' },
    })
    const tls12 = { ca, maxVersion: 'TLSv1.2' } as const
    const suite = 'ECDHE-ECDSA-AES256-GCM-SHA384'
    assert.equal((await askOverTls(port, { ...tls12, ciphers: suite })).status, 200)
    const others = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305'
    assert.equal((await askOverTls(port, { ...tls12, ciphers: others })).status, 0)
    assert.equal((await askOverTls(port, { ca, minVersion: 'TLSv1.3' })).status, 200)
  })

  test('version tlsv1_3 refuses TLS 1.2', async (t) => {
    const { ca, certificate } = await simple(t)
    const { port } = await openTlsListener(t, {
      certificates: [certificate],
      protocol: { isTls13Only: true },
    })
    assert.equal((await askOverTls(port, { ca, maxVersion: 'TLSv1.2' })).status, 0)
    assert.equal((await askOverTls(port, { ca })).protocol, 'TLSv1.3')
  })

  test('HTTP to a port of HTTPS is closed without an answer', async (t) => {
    const { certificate } = await simple(t)
    const { port } = await openTlsListener(t, { certificates: [certificate] })
    const socket = connectTcp(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    const heard = await listen(socket)
    assert.ok(heard.isClosed)
    assert.deepEqual(heard.statuses, [])
  })

  test('who begins a handshake and stays silent is cut off in time, and when the listener drains', async (t) => {
    const { certificate } = await simple(t)
    const { port, listener } = await openTlsListener(t, { certificates: [certificate] })
    const socket = connectTcp(port, '127.0.0.1')
    socket.write(Buffer.from('1603010200', 'hex'))
    const heard = listen(socket)
    await new Promise((resolve) => setTimeout(resolve, 30))
    await listener.drain(50)
    assert.ok((await heard).isClosed)
  })
})

describe('several certificates', () => {
  async function several(t: Test) {
    const [outer, inner, clients] = await Promise.all(['first', 'second', 'clients'].map(pkiNamed))
    assert.ok(outer !== undefined && inner !== undefined && clients !== undefined)
    const folder = new PemFolder(t)
    const certificates = [
      {
        ...folder.put('outer', await outer.issue({ commonName: 'outer' })),
        name: 'default',
        serverNames: [],
        caFile: undefined,
        clients: NO_CLIENTS,
      },
      {
        ...folder.put(
          'inner',
          await inner.issue({
            commonName: 'inner',
            alternativeNames: [{ type: 'dns', value: 'kms.internal' }],
          }),
        ),
        name: 'internal',
        serverNames: ['kms.internal', '*.cloud.internal'],
        caFile: folder.write('clients.pem', clients.caPem),
        clients: { certificates: 'required', names: ['nova'] } as const,
      },
    ]
    const client = (commonName: string) =>
      clients.issue({ usage: 'client', commonName, alternativeNames: [] })
    return { outer, inner, certificates, client }
  }

  test('are chosen by the name asked for, each under its own CA', async (t) => {
    const { outer, inner, certificates, client } = await several(t)
    const { port } = await openTlsListener(t, { certificates })
    const nova = await client('nova')
    const shown = { cert: nova.certificate, key: nova.key }
    const checkServerIdentity = () => undefined
    for (const [servername, peer] of [
      ['localhost', 'outer'],
      ['nobody.example', 'outer'],
      ['KMS.internal', 'inner'],
      ['a.cloud.internal', 'inner'],
      ['a.b.cloud.internal', 'outer'],
    ] as const) {
      const ca = peer === 'inner' ? inner.caPem : outer.caPem
      const heard = await askOverTls(port, { ca, servername, checkServerIdentity, ...shown })
      assert.deepEqual([heard.error, heard.peer, heard.status], ['', peer, 200], servername)
    }
  })

  test('ask for client certificates each as it is told', async (t) => {
    const { outer, inner, certificates, client } = await several(t)
    const { port, handshakes } = await openTlsListener(t, { certificates })
    const internal = { ca: inner.caPem, servername: 'kms.internal' }
    assert.equal((await askOverTls(port, { ca: outer.caPem })).status, 200)
    assert.equal((await askOverTls(port, internal)).status, 0)
    const cinder = await client('cinder')
    const wrongName = { cert: cinder.certificate, key: cinder.key }
    assert.equal((await askOverTls(port, { ...internal, ...wrongName })).status, 0)
    const stranger = await outer.issue({ usage: 'client', commonName: 'nova' })
    const wrongCa = { cert: stranger.certificate, key: stranger.key }
    assert.equal((await askOverTls(port, { ...internal, ...wrongCa })).status, 0)
    const server = await (await pkiNamed('clients')).issue({ commonName: 'nova' })
    const wrongUse = { cert: server.certificate, key: server.key }
    assert.equal((await askOverTls(port, { ...internal, ...wrongUse })).status, 0)
    const past = { from: new Date(Date.now() - 3 * 86_400_000), days: 1 }
    const expired = await (await pkiNamed('clients')).issue({
      usage: 'client',
      commonName: 'nova',
      validity: past,
    })
    const over = { cert: expired.certificate, key: expired.key }
    assert.equal((await askOverTls(port, { ...internal, ...over })).status, 0)
    assert.deepEqual(
      handshakes.map(({ outcome, reason }) => reason ?? outcome),
      [
        'full',
        'no certificate',
        'name not allowed',
        'not verified',
        'not verified',
        'not verified',
      ],
    )
  })

  test('optional lets in who shows none, and cuts off who shows a wrong one', async (t) => {
    const { outer, certificates, client } = await several(t)
    const [certificate, internal] = certificates
    assert.ok(certificate !== undefined && internal !== undefined)
    const { port } = await openTlsListener(t, {
      certificates: [
        {
          ...certificate,
          caFile: internal.caFile,
          clients: { certificates: 'optional', names: [] },
        },
      ],
    })
    const { caPem: ca } = outer
    assert.equal((await askOverTls(port, { ca })).status, 200)
    const good = await client('anybody')
    const shown = { cert: good.certificate, key: good.key }
    assert.equal((await askOverTls(port, { ca, ...shown })).status, 200)
    const bad = await outer.issue({ usage: 'client' })
    assert.equal((await askOverTls(port, { ca, cert: bad.certificate, key: bad.key })).status, 0)
  })
})

describe('session tickets', () => {
  const shared = createSecretKey(randomBytes(32))
  const versions = ['TLSv1.2', 'TLSv1.3'] as const

  for (const version of versions) {
    test(`of one node are taken by another that shares the secret, until the period ends (${version})`, async (t) => {
      const { ca, certificate } = await simple(t)
      let nowMs = Date.now()
      const open = (secret = shared) =>
        openTlsListener(t, {
          certificates: [certificate],
          tickets: new TicketKeys(secret, 3600),
          epochMs: () => nowMs,
        })
      const [one, other, stranger] = await Promise.all([
        open(),
        open(),
        open(createSecretKey(randomBytes(32))),
      ])
      const tls = { ca, minVersion: version, maxVersion: version }
      const { session, isResumed } = await askOverTls(one.port, tls)
      assert.ok(session !== undefined)
      assert.equal(isResumed, false)
      const again = { ...tls, session }
      assert.equal((await askOverTls(other.port, again)).isResumed, true)
      const elsewhere = await askOverTls(stranger.port, again)
      assert.deepEqual([elsewhere.isResumed, elsewhere.status], [false, 200])
      nowMs += 3_600_000
      other.terminator.refresh()
      const later = await askOverTls(other.port, again)
      assert.deepEqual([later.isResumed, later.status], [false, 200])
      assert.deepEqual(
        other.handshakes.map(({ outcome }) => outcome),
        ['resumed', 'full'],
      )
    })

    test(`carry who the client was: its name is checked anew each time (${version})`, async (t) => {
      const { ca, certificate } = await simple(t)
      const clients = await pkiNamed('clients')
      const caFile = new PemFolder(t).write('clients.pem', clients.caPem)
      const nova = await clients.issue({ usage: 'client', commonName: 'nova' })
      const open = (names: readonly string[]) =>
        openTlsListener(t, {
          certificates: [{ ...certificate, caFile, clients: { certificates: 'required', names } }],
          tickets: new TicketKeys(shared, 3600),
        })
      const [lenient, firm] = await Promise.all([open([]), open(['cinder'])])
      const tls = { ca, minVersion: version, maxVersion: version }
      const { session } = await askOverTls(lenient.port, {
        ...tls,
        cert: nova.certificate,
        key: nova.key,
      })
      assert.equal((await askOverTls(lenient.port, { ...tls, session })).isResumed, true)
      assert.equal((await askOverTls(firm.port, { ...tls, session })).status, 0)
      assert.equal(firm.handshakes[0]?.reason, 'name not allowed')
    })

    test(`are not given at all without keys for them (${version})`, async (t) => {
      const { ca, certificate } = await simple(t)
      const { port } = await openTlsListener(t, { certificates: [certificate] })
      const tls = { ca, minVersion: version, maxVersion: version }
      const { session } = await askOverTls(port, tls)
      const again = await askOverTls(port, { ...tls, session })
      assert.deepEqual([again.isResumed, again.status], [false, 200])
    })
  }
})
