import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { PostQuantum } from '../../../src/tls/keyExchange.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'
import { askOverTls, NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'

interface Test {
  after(work: () => unknown): unknown
}

const HYBRID = 'X25519MLKEM768'
/** Node 24 and later; the OpenSSL of Node 22 knows nothing of it. */
const [major = 0, minor = 0] = process.versions.openssl.split('.').map(Number)
const HAS_HYBRID = major > 3 || (major === 3 && minor >= 5)
const PREFERRED = HAS_HYBRID ? HYBRID : 'X25519'

async function opened(t: Test, postQuantum?: PostQuantum) {
  const { caPem: ca, issue } = await pkiNamed('first')
  const files = new PemFolder(t).put('server', await issue())
  const { port } = await openTlsListener(t, {
    certificates: [
      { ...files, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
    ],
    ...(postQuantum !== undefined && { protocol: { postQuantum } }),
  })
  return { ca, port }
}

describe('what a key is agreed upon with', () => {
  test('is the hybrid of X25519 and ML-KEM-768 between two ends of Node 24 that say nothing', async (t) => {
    const { ca, port } = await opened(t)
    const heard = await askOverTls(port, { ca })
    assert.deepEqual([heard.protocol, heard.group, heard.status], ['TLSv1.3', PREFERRED, 200])
  })

  for (const [curve, group] of [
    ['X25519', 'X25519'],
    ['P-256', 'prime256v1'],
    ['P-384', 'secp384r1'],
    ['P-521', 'secp521r1'],
  ] as const) {
    test(`is ${curve} with a client that knows nothing else`, async (t) => {
      const { ca, port } = await opened(t)
      const heard = await askOverTls(port, { ca, ecdhCurve: curve })
      assert.deepEqual([heard.protocol, heard.group, heard.status], ['TLSv1.3', group, 200])
    })
  }

  test('is X25519 in TLS 1.2, whatever else the client knows', async (t) => {
    const { ca, port } = await opened(t)
    const heard = await askOverTls(port, { ca, maxVersion: 'TLSv1.2' })
    assert.deepEqual([heard.protocol, heard.group, heard.status], ['TLSv1.2', 'X25519', 200])
  })

  if (HAS_HYBRID) {
    test('is the hybrid with a client that knows it and began with another', async (t) => {
      const { ca, port } = await opened(t)
      const heard = await askOverTls(port, { ca, ecdhCurve: `X25519:${HYBRID}` })
      assert.deepEqual([heard.group, heard.status], [HYBRID, 200])
    })

    test('is the hybrid or nothing, where it is required', async (t) => {
      const { ca, port } = await opened(t, 'require')
      assert.equal((await askOverTls(port, { ca })).group, HYBRID)
      for (const other of [{ ecdhCurve: 'X25519' }, { maxVersion: 'TLSv1.2' } as const]) {
        const heard = await askOverTls(port, { ca, ...other })
        assert.equal(heard.status, 0)
        assert.notEqual(heard.error, '')
      }
    })
  } else {
    test('cannot be required of a Node that does not have it', async (t) => {
      await assert.rejects(opened(t, 'require'), /post_quantum = require wants X25519MLKEM768/)
    })
  }

  test('is never the hybrid, where that is off', async (t) => {
    const { ca, port } = await opened(t, 'off')
    assert.equal((await askOverTls(port, { ca })).group, 'X25519')
    if (HAS_HYBRID) {
      assert.equal((await askOverTls(port, { ca, ecdhCurve: HYBRID })).status, 0)
    }
  })
})
