import 'reflect-metadata'
import assert from 'node:assert/strict'
import { createHash, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { before, describe, test } from 'node:test'
import { SubjectKeyIdentifierExtension } from '@peculiar/x509'
import fc from 'fast-check'
import { certificateLink } from '../../../src/crypto/certificateLink.ts'
import { CertificateReader } from '../../../src/crypto/certificateReader.ts'
import { pemBlocks } from '../../../src/crypto/pemBlocks.ts'
import type { CertificateFacts, PayloadFacts } from '../../../src/model/certificateFacts.ts'
import type { SecretType } from '../../../src/model/secretTypes.ts'
import {
  type CertificateKind,
  type MadeCertificate,
  makeCertificate,
} from '../../support/storedCertificates.ts'

const reader = new CertificateReader({
  look: () => assert.fail('nothing is stored here'),
})

/** Read, and not a byte of it changed. */
function read(payload: string | Buffer, type: SecretType = 'certificate') {
  const bytes = Buffer.from(payload)
  const facts = reader.read(type, bytes)
  assert.ok(bytes.equals(Buffer.from(payload)), 'the payload was changed')
  return facts
}

function certificate(facts: PayloadFacts | undefined): CertificateFacts {
  assert.equal(facts?.kind, 'certificate')
  return facts as CertificateFacts
}

function fingerprint({ privateKey }: MadeCertificate): string {
  const der = createPublicKey(privateKey).export({ type: 'spki', format: 'der' })
  return createHash('sha256').update(der).digest('hex')
}

const hex = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString('hex')

describe('what is read from payloads', () => {
  let root: MadeCertificate
  let middle: MadeCertificate
  let leaf: MadeCertificate
  before(async () => {
    root = await makeCertificate('root', { isCa: true, until: '2036-01-01T00:00:00Z' })
    middle = await makeCertificate('middle', {
      ...{ isCa: true, by: root, from: '2026-01-05T00:00:00Z', until: '2026-06-01T00:00:00Z' },
    })
    leaf = await makeCertificate('leaf', { by: middle })
  })

  for (const kind of ['ec', 'rsa', 'ed25519'] as const satisfies CertificateKind[]) {
    test(`a certificate with a key of kind ${kind}, as PEM and as DER, and its private key`, async () => {
      const made = await makeCertificate('one', { kind })
      const facts = certificate(read(made.pem))
      assert.equal(facts.notBefore, '2026-01-01T00:00:00.000000')
      assert.equal(facts.notAfter, '2026-12-31T00:00:00.000000')
      assert.equal(hex(facts.publicKey), fingerprint(made))
      assert.equal(facts.chain, 'selfSigned')
      assert.deepEqual(read(made.der), facts)
      for (const form of [made.keyPem, made.keyDer]) {
        const key = read(form, 'private')
        assert.equal(key?.kind, 'privateKey')
        assert.equal(hex(key.publicKey), fingerprint(made))
      }
    })
  }

  test('base64 of PEM or of DER that came as text, wrapped or not', () => {
    const wanted = certificate(read(leaf.pem))
    const base64 = Buffer.from(leaf.pem).toString('base64')
    assert.deepEqual(read(base64), wanted)
    assert.deepEqual(read(base64.replace(/.{76}/g, '$&\n')), wanted)
    assert.deepEqual(read(leaf.der.toString('base64')), wanted)
  })

  test('of a bundle, the first that ends and the last that begins, and the key of its first', () => {
    const facts = certificate(read(`# a comment\r\n${leaf.pem}${middle.pem}${root.pem}`))
    assert.equal(facts.notBefore, '2026-01-05T00:00:00.000000')
    assert.equal(facts.notAfter, '2026-06-01T00:00:00.000000')
    assert.equal(hex(facts.publicKey), fingerprint(leaf))
    assert.equal(facts.links.length, 3)
    assert.equal(facts.links[0]?.issuer, facts.links[1]?.subject)
    assert.equal(facts.links[0]?.issuerKey, facts.links[1]?.subjectKey)
  })

  test('whether a chain is there, leads on, and ends in one that signed itself', async () => {
    const chainOf = (...of: readonly MadeCertificate[]): string =>
      certificate(read(of.map(({ pem }) => pem).join(''))).chain
    assert.equal(chainOf(leaf), 'missing')
    assert.equal(chainOf(leaf, middle), 'open')
    assert.equal(chainOf(leaf, middle, root), 'selfSigned')
    assert.equal(chainOf(leaf, root), 'broken')
    assert.equal(chainOf(leaf, root, middle), 'broken')
    assert.equal(chainOf(middle, leaf), 'broken')
    assert.equal(chainOf(middle), 'authorities')
    assert.equal(chainOf(root, await makeCertificate('other', { isCa: true })), 'authorities')
    const namesake = await makeCertificate('middle', { isCa: true, isBare: true })
    const signedByAnother = await makeCertificate('leaf', { by: middle, isBare: true })
    assert.equal(
      chainOf(signedByAnother, namesake),
      'broken',
      'the name fits, the signature does not',
    )
  })

  test('whether a private key in the payload belongs to the certificate', () => {
    const ownKey = (pem: string) => certificate(read(pem)).ownKey
    assert.equal(ownKey(leaf.pem), 'none')
    assert.equal(ownKey(`${leaf.pem}${leaf.keyPem}`), 'matches')
    assert.equal(ownKey(`${leaf.keyPem}${leaf.pem}`), 'matches')
    assert.equal(ownKey(`${leaf.pem}${root.keyPem}`), 'differs')
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'p' }
    const options = { format: 'pem', type: 'pkcs8', ...cipher } as const
    assert.equal(ownKey(`${leaf.pem}${leaf.privateKey.export(options)}`), 'locked')
  })

  test('of a private key that wants a passphrase, is none, or comes in an older form', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const der = (type: 'pkcs8' | 'sec1') => privateKey.export({ format: 'der', type })
    const wanted = read(der('pkcs8'), 'private')
    assert.equal(wanted?.kind, 'privateKey')
    assert.deepEqual(read(der('sec1'), 'private'), wanted)
    const sec1 = privateKey.export({ format: 'pem', type: 'sec1' })
    assert.deepEqual(read(sec1, 'private'), wanted)
    assert.deepEqual(
      read(
        `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${sec1}`,
        'private',
      ),
      wanted,
    )
    const locked = { cipher: 'aes-256-cbc', passphrase: 'p', type: 'pkcs8' } as const
    assert.equal(read(privateKey.export({ format: 'pem', ...locked }), 'private'), undefined)
    assert.equal(read(privateKey.export({ format: 'der', ...locked }), 'private'), undefined)
    assert.equal(read('no key', 'private'), undefined)
    assert.equal(read(leaf.pem, 'private'), undefined)
  })

  test('what is called a certificate and is none is noted as such', () => {
    const unreadable = { kind: 'unreadable' }
    const cut = leaf.pem.slice(0, 200)
    const wrong = leaf.pem.replace(/[A-Za-z]{8}/, 'AAAAAAAA')
    const damaged = `${leaf.pem}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`
    const p12 = Buffer.from('3082010006092a864886f70d010701', 'hex')
    for (const payload of ['', 'certificate', cut, wrong, damaged, p12, leaf.der.subarray(0, 99)]) {
      assert.deepEqual(read(payload), unreadable, String(payload))
    }
  })

  test('of other types only what is opaque and begins as PEM does is looked at', () => {
    assert.deepEqual(read(leaf.pem, 'opaque'), read(leaf.pem))
    assert.deepEqual(read(`\n ${leaf.keyPem}`, 'opaque'), read(leaf.keyPem, 'private'))
    assert.equal(read(leaf.der, 'opaque'), undefined)
    assert.equal(read(`x${leaf.pem}`, 'opaque'), undefined)
    assert.equal(
      read('-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', 'opaque'),
      undefined,
    )
    for (const type of ['symmetric', 'passphrase', 'public'] as const) {
      assert.equal(read(leaf.pem, type), undefined)
    }
  })

  test('of a huge bundle only so many are read, and a damaged one says nothing of the others', () => {
    const facts = certificate(read(root.pem.repeat(1000)))
    assert.equal(facts.links.length, 64)
    assert.equal(facts.chain, 'authorities')
    const many = '-----BEGIN '.repeat(50_000)
    assert.deepEqual(read(many), { kind: 'unreadable' })
    assert.deepEqual(read('-----BEGIN CERTIFICATE-----'.repeat(20_000)), { kind: 'unreadable' })
  })

  test('of a chain so many signatures are verified, and none that takes whoever made it as long as he likes', async (t) => {
    const verified = t.mock.method(X509Certificate.prototype, 'verify')
    const { length } = certificate(read(leaf.pem + root.pem.repeat(20))).links
    assert.equal(length, 21)
    verified.mock.resetCalls()
    certificate(read(`${leaf.pem}${middle.pem}${root.pem.repeat(60)}`))
    assert.ok(verified.mock.callCount() > 0)
    assert.ok(verified.mock.callCount() <= 5, String(verified.mock.callCount()))
    const slow = await makeCertificate('slow', { isCa: true, kind: 'rsaOfOwnExponent' })
    const signed = await makeCertificate('leaf', { by: slow })
    verified.mock.resetCalls()
    assert.equal(certificate(read(`${signed.pem}${slow.pem}`)).chain, 'selfSigned')
    assert.equal(verified.mock.callCount(), 0)
  })

  test('of a pair that was made, the public half is enough, in both of its forms', () => {
    for (const kind of ['rsa', 'ec'] as const) {
      const { publicKey, privateKey } =
        kind === 'rsa'
          ? generateKeyPairSync('rsa', { modulusLength: 1024 })
          : generateKeyPairSync('ec', { namedCurve: 'P-384' })
      const wanted = read(privateKey.export({ format: 'der', type: 'pkcs8' }), 'private')
      const pem = Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }))
      assert.deepEqual(reader.ofPublicKey(pem), wanted)
      assert.deepEqual(
        reader.ofPublicKey(publicKey.export({ format: 'der', type: 'spki' })),
        wanted,
      )
    }
    assert.equal(reader.ofPublicKey(Buffer.from('no key')), undefined)
  })

  test('hostile bytes are read without a failure, whatever they are called', () => {
    const pieces = [
      leaf.pem,
      leaf.keyPem,
      '-----BEGIN CERTIFICATE-----',
      '-----END CERTIFICATE-----',
    ]
    const hostile = fc.array(fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.constantFrom(...pieces)))
    fc.assert(
      fc.property(hostile, fc.constantFrom('certificate', 'private', 'opaque'), (parts, type) => {
        read(Buffer.concat(parts.map((part) => Buffer.from(part))), type as SecretType)
      }),
      { numRuns: 300 },
    )
    fc.assert(
      fc.property(fc.nat(leaf.der.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(leaf.der)
        damaged[at] = byte
        read(damaged)
      }),
      { numRuns: 500 },
    )
  })

  test('names and key identifiers are those that OpenSSL and others read from the same bytes', () => {
    const link = certificateLink(new X509Certificate(leaf.der))
    const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
    const { certificate: parsed } = leaf.issuing
    assert.equal(link.subject, digest(Buffer.from(parsed.subjectName.toArrayBuffer())))
    assert.equal(link.issuer, digest(Buffer.from(parsed.issuerName.toArrayBuffer())))
    const keyOf = (made: MadeCertificate) => {
      const extension = made.issuing.certificate.getExtension(SubjectKeyIdentifierExtension)
      return Buffer.from(extension?.keyId ?? '', 'hex')
    }
    assert.equal(link.subjectKey, digest(keyOf(leaf)))
    assert.equal(link.issuerKey, digest(keyOf(middle)))
  })

  test('blocks of PEM are views on the payload, so that who wipes it wipes them', () => {
    const payload = Buffer.from(leaf.keyPem)
    const [block] = pemBlocks(payload)
    payload.fill(0)
    assert.ok(block?.bytes.every((byte) => byte === 0))
  })
})
