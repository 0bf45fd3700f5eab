import assert from 'node:assert/strict'
import { constants, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import { elements } from '../../../src/crypto/der.ts'
import { TicketKeys } from '../../../src/tls/ticketKeys.ts'
import { PemFolder, type Pki, pkiNamed } from '../../support/testPki.ts'
import { askOverTls, NO_CLIENTS, openTlsListener } from '../../support/tlsListener.ts'

interface Test {
  after(work: () => unknown): unknown
}

const VERSIONS = ['TLSv1.2', 'TLSv1.3'] as const
const SECRET = createSecretKey(randomBytes(32))
const LIFETIME_SECONDS = 3600

/** A listener under a certificate of this PKI, whose tickets everybody here can open. */
async function opened(t: Test, { issue }: Pick<Pki, 'issue'>, epochMs = Date.now()) {
  const files = new PemFolder(t).put('server', await issue())
  return openTlsListener(t, {
    certificates: [
      { ...files, name: 'default', serverNames: [], caFile: undefined, clients: NO_CLIENTS },
    ],
    tickets: new TicketKeys(SECRET, LIFETIME_SECONDS),
    epochMs: () => epochMs,
  })
}

/** What a ticket holds, for somebody who has the key: a name, an IV, what is enciphered, a MAC. */
function contentOf(session: Buffer, key: Buffer): Buffer {
  const [, , , , , ...further] = fieldsOf(session)
  const [ticket] = elements(further.find(({ tag }) => tag === 0xaa)?.content)
  assert.ok(ticket)
  const [name, iv, enciphered] = [
    ticket.content.subarray(0, 16),
    ticket.content.subarray(16, 32),
    ticket.content.subarray(32, -32),
  ]
  assert.deepEqual(name, key.subarray(0, 16), 'it was sealed under another key')
  const decipher = createDecipheriv('aes-128-cbc', key.subarray(32), iv)
  return Buffer.concat([decipher.update(enciphered), decipher.final()])
}

/** OpenSSL's session as DER, before which later releases of Node put a name. */
function fieldsOf(session: Buffer) {
  const from = session.indexOf(Buffer.from([0x30, 0x82]))
  const [outer] = elements(session.subarray(from))
  assert.equal(outer?.whole.length, session.length - from)
  return elements(outer?.content)
}

/** What the client keeps of a session: its version, its suite, its id, its secret. */
function secretOf(session: Buffer): Buffer {
  const [, , , , secret] = fieldsOf(session)
  assert.ok(secret !== undefined && secret.content.length >= 32)
  return secret.content
}

describe('somebody who has a key of session tickets', () => {
  test('reads nothing of TLS 1.3: each resumed session agrees upon a key of its own, whatever the client would do without', async (t) => {
    const pki = await pkiNamed('first')
    const { port } = await opened(t, pki)
    const tls = { ca: pki.caPem, minVersion: 'TLSv1.3' } as const
    const { session, group } = await askOverTls(port, tls)
    assert.ok(session)
    assert.notEqual(group, '')
    for (const secureOptions of [0, constants.SSL_OP_ALLOW_NO_DHE_KEX]) {
      const again = await askOverTls(port, { ...tls, session, secureOptions })
      assert.deepEqual([again.isResumed, again.status], [true, 200])
      assert.equal(again.group, group)
    }
  })
})

for (const version of VERSIONS) {
  describe(`somebody who has a key of session tickets of ${version}`, () => {
    test('finds the secret of the session in a ticket', async (t) => {
      const pki = await pkiNamed('first')
      const epochMs = Date.now()
      const { port } = await opened(t, pki, epochMs)
      const tls = { ca: pki.caPem, minVersion: version, maxVersion: version }
      const { session } = await askOverTls(port, tls)
      assert.ok(session)
      const key = new TicketKeys(SECRET, LIFETIME_SECONDS).keyAt(epochMs)
      assert.ok(contentOf(session, key).includes(secretOf(session)))
    })

    test('poses as the server to a client that resumes, until the period ends, and to nobody who comes anew', async (t) => {
      const [ours, theirs] = await Promise.all([pkiNamed('first'), pkiNamed('second')])
      const epochMs = Date.now()
      const server = await opened(t, ours, epochMs)
      const impostor = await opened(t, theirs, epochMs)
      const tls = { ca: ours.caPem, minVersion: version, maxVersion: version }
      const { session } = await askOverTls(server.port, tls)
      assert.ok(session)
      const taken = await askOverTls(impostor.port, { ...tls, session })
      assert.deepEqual([taken.isResumed, taken.status], [true, 200])
      const anew = await askOverTls(impostor.port, tls)
      assert.equal(anew.status, 0)
      assert.equal(anew.error, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE')
      const later = await opened(t, theirs, epochMs + LIFETIME_SECONDS * 1000)
      assert.equal((await askOverTls(later.port, { ...tls, session })).status, 0)
    })
  })
}
