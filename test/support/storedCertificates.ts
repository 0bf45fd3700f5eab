import 'reflect-metadata'
import { KeyObject, randomBytes, type webcrypto } from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

const ALGORITHMS = {
  ec: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  rsa: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  /** An exponent that nobody uses, for whoever verifies works as long as it is. */
  rsaOfOwnExponent: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2048,
    publicExponent: new Uint8Array([2, 0, 1]),
  },
  ed25519: { name: 'Ed25519' },
} as const
export type CertificateKind = keyof typeof ALGORITHMS

export interface MadeCertificate {
  readonly pem: string
  readonly der: Buffer
  /** PKCS #8 */
  readonly keyPem: string
  readonly keyDer: Buffer
  readonly privateKey: KeyObject
  readonly issuing: {
    readonly certificate: X509Certificate
    readonly key: webcrypto.CryptoKey
    readonly kind: CertificateKind
  }
}

interface Wanted {
  readonly kind?: CertificateKind
  /** Who signs it; itself when left out. */
  readonly by?: MadeCertificate
  readonly isCa?: boolean
  /** As in an ISO time; 2026 when left out. */
  readonly from?: string
  readonly until?: string
  /** Without identifiers of keys, as old CAs are. */
  readonly isBare?: boolean
}

/** A certificate as clients would store it, with its key. */
export async function makeCertificate(
  commonName: string,
  { kind = 'ec', by, isCa = false, from, until, isBare = false }: Wanted = {},
): Promise<MadeCertificate> {
  const algorithm = ALGORITHMS[kind]
  const keys = (await crypto.subtle.generateKey(algorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair
  const usage = isCa ? KeyUsageFlags.keyCertSign : KeyUsageFlags.digitalSignature
  const certificate = await X509CertificateGenerator.create({
    serialNumber: randomBytes(8).toString('hex'),
    subject: `CN=${commonName}`,
    issuer: by?.issuing.certificate.subjectName ?? `CN=${commonName}`,
    notBefore: new Date(from ?? '2026-01-01T00:00:00Z'),
    notAfter: new Date(until ?? '2026-12-31T00:00:00Z'),
    signingAlgorithm: ALGORITHMS[by?.issuing.kind ?? kind],
    publicKey: keys.publicKey,
    signingKey: by?.issuing.key ?? keys.privateKey,
    extensions: [
      new BasicConstraintsExtension(isCa, undefined, true),
      new KeyUsagesExtension(usage, true),
      ...(isBare
        ? []
        : [
            await SubjectKeyIdentifierExtension.create(keys.publicKey),
            await AuthorityKeyIdentifierExtension.create(
              by?.issuing.certificate.publicKey ?? keys.publicKey,
            ),
          ]),
    ],
  })
  const privateKey = KeyObject.from(keys.privateKey)
  return {
    pem: `${certificate.toString('pem')}\n`,
    der: Buffer.from(certificate.rawData),
    keyPem: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    keyDer: privateKey.export({ format: 'der', type: 'pkcs8' }),
    privateKey,
    issuing: { certificate, key: keys.privateKey, kind },
  }
}
