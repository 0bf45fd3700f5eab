import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { describe, test } from 'node:test'
import { CertificateTrouble, readCertificateFiles } from '../../../src/tls/certificateFiles.ts'
import { namesOfClient, refusalOfClient } from '../../../src/tls/clientPolicy.ts'
import { judgeCertificate } from '../../../src/tls/judgeCertificate.ts'
import { PrivateCa } from '../../../src/tls/privateCa.ts'
import { PemFolder, pkiNamed } from '../../support/testPki.ts'

interface Test {
  after(work: () => void): unknown
}

/** Read when it is asked: certificates are made while the tests go on. */
const NOW = {
  get nowMs() {
    return Date.now()
  },
  profile: 'default',
} as const
const DAY_MS = 86_400_000

async function findingsOf(
  t: Test,
  pems: {
    readonly cert: string
    readonly key: string
    readonly ca?: string
    readonly mode?: number
  },
  circumstances: Parameters<typeof judgeCertificate>[1] = NOW,
) {
  const folder = new PemFolder(t)
  const material = await readCertificateFiles({
    certFile: folder.write('c.pem', pems.cert),
    keyFile: folder.write('c.key', pems.key, pems.mode),
    caFile: pems.ca === undefined ? undefined : folder.write('ca.pem', pems.ca),
  })
  return judgeCertificate(material, circumstances).map(({ grade, what }) => `${grade}: ${what}`)
}

describe('a certificate is judged before it is served', () => {
  test('a good one has nothing against it, with its chain or without', async (t) => {
    const { caPem, issue } = await pkiNamed('first')
    const { certificate: cert, key } = await issue()
    assert.deepEqual(await findingsOf(t, { cert, key }), [])
    assert.deepEqual(await findingsOf(t, { cert: cert + caPem, key, ca: caPem }), [])
  })

  test('one with the key of another is broken', async (t) => {
    const { issue } = await pkiNamed('first')
    const [one, other] = await Promise.all([issue(), issue()])
    const found = await findingsOf(t, { cert: one.certificate, key: other.key })
    assert.deepEqual(found, ['broken: the key is not that of the certificate'])
  })

  test('one before its CA, or beside a CA that did not issue it, is out of order', async (t) => {
    const first = await pkiNamed('first')
    const second = await pkiNamed('second')
    const { certificate, key } = await first.issue()
    const wrongCa = await findingsOf(t, { cert: certificate + second.caPem, key })
    assert.match(wrongCa.join(), /broken: the chain is out of order: certificate 2 \(CN=second\)/)
    const wrongOrder = await findingsOf(t, { cert: first.caPem + certificate, key })
    assert.match(wrongOrder.join(), /the key is not that of the certificate/)
    assert.match(wrongOrder.join(), /out of order/)
  })

  test('one that is over, or not yet valid, is outdated; so is one whose CA is over', async (t) => {
    const { caPem, issue } = await pkiNamed('first')
    const { certificate: cert, key } = await issue()
    const later = { ...NOW, nowMs: NOW.nowMs + 11 * DAY_MS }
    assert.match(
      (await findingsOf(t, { cert, key }, later)).join(),
      /^outdated: the certificate expired/,
    )
    const earlier = { ...NOW, nowMs: NOW.nowMs - DAY_MS }
    assert.match((await findingsOf(t, { cert, key }, earlier)).join(), /not valid before/)
    const old = { ...NOW, nowMs: NOW.nowMs + 40 * DAY_MS }
    assert.match(
      (await findingsOf(t, { cert: cert + caPem, key }, old)).join(),
      /certificate 2 of the chain expired/,
    )
  })

  test('one for clients alone is broken', async (t) => {
    const { issue } = await pkiNamed('first')
    const { certificate: cert, key } = await issue({ usage: 'client' })
    assert.match((await findingsOf(t, { cert, key })).join(), /broken: .*not for servers/)
  })

  test('RSA under profile strict, no alternative name and an open key file are poor', async (t) => {
    const { issue } = await pkiNamed('first')
    const { certificate: cert, key } = await issue({ kind: 'rsa3072', alternativeNames: [] })
    const strict = { ...NOW, profile: 'strict' } as const
    const found = await findingsOf(t, { cert, key, mode: 0o644 }, strict)
    assert.equal(found.length, 3)
    assert.ok(
      found.every((it) => it.startsWith('poor: ')),
      found.join('\n'),
    )
  })

  test('a client CA that is no CA is broken', async (t) => {
    const { issue } = await pkiNamed('first')
    const { certificate: cert, key } = await issue()
    assert.match((await findingsOf(t, { cert, key, ca: cert })).join(), /in ca_file is no CA/)
  })

  const files: readonly (readonly [string, Parameters<typeof findingsOf>[1], RegExp])[] = [
    ['an empty certificate', { cert: '', key: 'x' }, /c\.pem holds no certificate/],
    [
      'a certificate of nonsense',
      { cert: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', key: 'x' },
      /Certificate 1 in .*c\.pem cannot be parsed/,
    ],
  ]
  for (const [name, pems, sentence] of files) {
    test(`${name} is a sentence with the path`, async (t) => {
      await assert.rejects(findingsOf(t, pems), (error: Error) => {
        assert.ok(error instanceof CertificateTrouble)
        assert.match(error.message, sentence)
        return true
      })
    })
  }

  test('a key that is encrypted, or none, is a sentence that quotes nothing of it', async (t) => {
    const { certificate: cert } = await (await pkiNamed('first')).issue()
    const encrypted =
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nSECRETBYTES\n-----END ENCRYPTED PRIVATE KEY-----'
    for (const [key, sentence] of [
      [encrypted, /is encrypted/],
      ['SECRETBYTES', /no private key/],
    ] as const) {
      await assert.rejects(findingsOf(t, { cert, key }), (error: Error) => {
        assert.match(error.message, sentence)
        assert.ok(!error.message.includes('SECRETBYTES'))
        return true
      })
    }
  })

  test('a file that is missing is named', async () => {
    const files = { certFile: '/nowhere/c.pem', keyFile: '/nowhere/c.key', caFile: undefined }
    await assert.rejects(readCertificateFiles(files), /\/nowhere\/c\.pem cannot be read: ENOENT/)
  })
})

describe('names of a client', () => {
  test('are its common names, DNS names and URIs, also those that look like two', async () => {
    const { issue } = await pkiNamed('first')
    const { certificate } = await issue({
      usage: 'client',
      commonName: 'nova, compute',
      alternativeNames: [
        { type: 'dns', value: 'nova.internal' },
        { type: 'url', value: 'spiffe://cloud/nova' },
        { type: 'dns', value: 'evil.example, DNS:cinder.internal' },
        { type: 'ip', value: '10.0.0.1' },
      ],
    })
    assert.deepEqual(namesOfClient(new X509Certificate(certificate)), [
      'nova, compute',
      'nova.internal',
      'spiffe://cloud/nova',
      'evil.example, DNS:cinder.internal',
    ])
  })

  test('decide as a table', async () => {
    const { issue } = await pkiNamed('first')
    const certificate = new X509Certificate((await issue({ commonName: 'nova' })).certificate)
    const none = { certificate: undefined, isVerified: false }
    const good = { certificate, isVerified: true }
    const bad = { certificate, isVerified: false }
    const rows = [
      ['none', [], none, undefined],
      ['none', [], bad, undefined],
      ['optional', [], none, undefined],
      ['optional', ['x'], none, undefined],
      ['optional', [], bad, 'not verified'],
      ['optional', ['x'], good, 'name not allowed'],
      ['required', [], none, 'no certificate'],
      ['required', [], bad, 'not verified'],
      ['required', [], good, undefined],
      ['required', ['nova'], good, undefined],
      ['required', ['nova'], bad, 'not verified'],
      ['required', ['Nova', 'nov', 'localhost.x'], good, 'name not allowed'],
      ['required', ['x', 'localhost'], good, undefined],
    ] as const
    for (const [certificates, names, shown, expected] of rows) {
      assert.equal(refusalOfClient({ certificates, names }, shown), expected)
    }
  })
})

test('a CA goes on after its files were read again, and its certificates are what they say', async () => {
  const { issued } = await PrivateCa.make('kept', 'p384', { from: new Date(), days: 3 })
  const ca = await PrivateCa.of(issued)
  const { certificate } = await ca.issue({
    commonName: 'kms',
    alternativeNames: [{ type: 'dns', value: 'kms' }],
    usage: 'server',
    validity: { from: new Date(), days: 2 },
    kind: 'p256',
  })
  const [leaf, root] = [new X509Certificate(certificate), new X509Certificate(issued.certificate)]
  assert.ok(leaf.checkIssued(root) && leaf.verify(root.publicKey))
  assert.ok(root.ca && !leaf.ca)
  assert.equal(leaf.subjectAltName, 'DNS:kms')
})
