import 'reflect-metadata'
import {
  createPrivateKey,
  createPublicKey,
  KeyObject,
  randomBytes,
  type webcrypto,
} from 'node:crypto'
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type JsonGeneralName,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

export const KEY_KINDS = {
  p256: { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  p384: { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  rsa3072: {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 3072,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
} as const
export type KeyKind = keyof typeof KEY_KINDS

export interface Issued {
  /** The certificate, PEM. */
  readonly certificate: string
  /** PKCS #8, PEM. */
  readonly key: string
}

export interface Validity {
  readonly from: Date
  readonly days: number
}

export interface NewCertificate {
  readonly commonName: string
  readonly alternativeNames: readonly JsonGeneralName[]
  readonly usage: 'server' | 'client'
  readonly validity: Validity
  readonly kind: KeyKind
  /** A key that is there already, PEM; else one is made. */
  readonly key?: string
}

const DAY_MS = 86_400_000
/** Clocks differ a little. */
const BACKDATED_MS = 300_000

/** A CA of one's own: for a start, for tests, and for those who have none. */
export class PrivateCa {
  readonly #certificate: X509Certificate
  readonly #key: webcrypto.CryptoKey
  readonly #kind: KeyKind

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey, kind: KeyKind) {
    this.#certificate = certificate
    this.#key = key
    this.#kind = kind
  }

  static async make(
    commonName: string,
    kind: KeyKind,
    validity: Validity,
  ): Promise<{ readonly ca: PrivateCa; readonly issued: Issued }> {
    const keys = await makeKeys(kind)
    const certificate = await X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: nameOf(commonName),
      ...periodOf(validity),
      signingAlgorithm: KEY_KINDS[kind],
      keys,
      extensions: [
        new BasicConstraintsExtension(true, 0, true),
        new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    const issued = { certificate: pemOf(certificate), key: keyPem(keys.privateKey) }
    return { ca: new PrivateCa(certificate, keys.privateKey, kind), issued }
  }

  static async of({ certificate, key }: Issued): Promise<PrivateCa> {
    const parsed = new X509Certificate(certificate)
    const { privateKey, kind } = importKey(key)
    return new PrivateCa(parsed, privateKey, kind)
  }

  async issue(wanted: NewCertificate): Promise<Issued> {
    const { privateKey, publicKey } =
      wanted.key === undefined ? await makeKeys(wanted.kind) : importKey(wanted.key)
    const usage =
      wanted.usage === 'server' ? ExtendedKeyUsage.serverAuth : ExtendedKeyUsage.clientAuth
    const extensions: Extension[] = [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([usage]),
      await SubjectKeyIdentifierExtension.create(publicKey),
      await AuthorityKeyIdentifierExtension.create(this.#certificate),
    ]
    if (wanted.alternativeNames.length > 0) {
      extensions.push(new SubjectAlternativeNameExtension([...wanted.alternativeNames]))
    }
    const certificate = await X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: nameOf(wanted.commonName),
      issuer: this.#certificate.subjectName,
      ...periodOf(wanted.validity),
      signingAlgorithm: KEY_KINDS[this.#kind],
      publicKey,
      signingKey: this.#key,
      extensions,
    })
    return { certificate: pemOf(certificate), key: wanted.key ?? keyPem(privateKey) }
  }
}

function makeKeys(kind: KeyKind): Promise<webcrypto.CryptoKeyPair> {
  return crypto.subtle.generateKey(KEY_KINDS[kind], true, ['sign', 'verify'])
}

function importKey(pem: string) {
  const key = createPrivateKey(pem)
  const kind = kindOf(key)
  if (kind === undefined) throw new Error('a key of a kind that is not made here')
  const algorithm = KEY_KINDS[kind]
  return {
    kind,
    privateKey: key.toCryptoKey(algorithm, true, ['sign']),
    publicKey: createPublicKey(key).toCryptoKey(algorithm, true, ['verify']),
  }
}

function kindOf(key: KeyObject): KeyKind | undefined {
  if (key.asymmetricKeyType === 'rsa') return 'rsa3072'
  const curve = key.asymmetricKeyDetails?.namedCurve
  return curve === 'prime256v1' ? 'p256' : curve === 'secp384r1' ? 'p384' : undefined
}

function keyPem(key: webcrypto.CryptoKey): string {
  return String(KeyObject.from(key).export({ format: 'pem', type: 'pkcs8' }))
}

function pemOf(certificate: X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

function nameOf(commonName: string): string {
  return new Name([{ CN: [commonName] }]).toString()
}

function periodOf({ from, days }: Validity) {
  return {
    notBefore: new Date(from.getTime() - BACKDATED_MS),
    notAfter: new Date(from.getTime() + days * DAY_MS),
  }
}

/** Positive, and random beyond guessing. */
function serialNumber(): string {
  const bytes = randomBytes(16)
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x40
  return bytes.toString('hex')
}
