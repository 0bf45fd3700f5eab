import { createHash, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import type { PayloadReader } from '../domain/ports/crypto.ts'
import { decodeBase64 } from '../lib/base64.ts'
import { type Timestamp, timestampFrom } from '../lib/timestamp.ts'
import {
  type CertificateFacts,
  type ChainState,
  LOOKED_AT,
  type OwnKeyState,
  type PayloadFacts,
} from '../model/certificateFacts.ts'
import type { Verified } from '../model/record.ts'
import type { Secret } from '../model/secret.ts'
import type { SecretType } from '../model/secretTypes.ts'
import { certificateLink } from './certificateLink.ts'
import { beginsAsPem, type PemBlock, pemBlocks } from './pemBlocks.ts'
import type { EnvelopeSealer } from './sealer.ts'
import { privateKeyInDer, privateKeyInPem } from './storedPrivateKey.ts'

/*
 * Whoever stores something chooses what is read here, on the loop that all others wait for, so nothing may take long
 * (ADR 0063). A bundle may be as large as a payload: what comes after these is not read.
 */
const MOST_CERTIFICATES = 64
/** Of signatures, which cost most; no chain is longer. */
const MOST_SIGNATURES = 4
/** What takes longer to verify than a request may is not verified: names have to do. */
const LARGEST_RSA_BITS = 8192
const LARGEST_RSA_EXPONENT = 65_537n
const QUICK_KEYS = ['ed25519', 'ed448']
const QUICK_CURVES = ['prime256v1', 'secp384r1', 'secp521r1']

/** Reads facts of certificates and keys from payloads, and gives nothing else away. */
export class CertificateReader implements PayloadReader {
  readonly #sealer: Pick<EnvelopeSealer, 'look'>

  constructor(sealer: Pick<EnvelopeSealer, 'look'>) {
    this.#sealer = sealer
  }

  read(secretType: SecretType, payload: Uint8Array): PayloadFacts | undefined {
    const manner = LOOKED_AT[secretType]
    if (manner === undefined) return undefined
    const bytes = bufferOf(payload)
    const facts = orUndefined(() => LOOKS[manner](bytes))
    return facts ?? (manner === 'certificate' ? { kind: 'unreadable' } : undefined)
  }

  async readStored(secret: Verified<Secret>): Promise<PayloadFacts | undefined> {
    if (LOOKED_AT[secret.secretType] === undefined || secret.envelope === null) return undefined
    return this.#sealer.look(secret, (payload) => this.read(secret.secretType, payload))
  }

  /** Of a pair that was just made, whatever form its private half takes. */
  ofPublicKey(publicKey: Uint8Array): PayloadFacts | undefined {
    const bytes = bufferOf(publicKey)
    const key = beginsAsPem(bytes)
      ? orUndefined(() => createPublicKey(bytes))
      : orUndefined(() => createPublicKey({ key: bytes, format: 'der', type: 'spki' }))
    return key && { kind: 'privateKey', publicKey: fingerprintOf(key) }
  }
}

const LOOKS = {
  certificate: factsInCertificate,
  key: (payload: Buffer) => factsOfKey(privateKeyIn(payload)),
  pem: (payload: Buffer) => (beginsAsPem(payload) ? factsInPem(pemBlocks(payload)) : undefined),
}

function factsInCertificate(payload: Buffer): PayloadFacts | undefined {
  const facts = factsInOneForm(payload)
  if (facts !== undefined) return facts
  // Some send base64 and say that it is text.
  const decoded = decodeBase64(payload.toString('latin1'))
  if (decoded === undefined || decoded.length === 0) return undefined
  try {
    return factsInOneForm(decoded)
  } finally {
    decoded.fill(0)
  }
}

function factsInOneForm(payload: Buffer): PayloadFacts | undefined {
  const blocks = pemBlocks(payload)
  if (blocks.length > 0) return factsInPem(blocks)
  const certificate = certificateOf(payload)
  return certificate && factsOf([certificate], undefined)
}

/** Certificates in their order, the first being whose key is meant; or a private key alone. */
function factsInPem(blocks: readonly PemBlock[]): PayloadFacts | undefined {
  const certificates: X509Certificate[] = []
  for (const { label, bytes } of blocks) {
    if (!label.endsWith('CERTIFICATE') || certificates.length === MOST_CERTIFICATES) continue
    const certificate = certificateOf(bytes)
    // One that cannot be parsed is missing from what is said of the others.
    if (certificate === undefined) return { kind: 'unreadable' }
    certificates.push(certificate)
  }
  const keyBlock = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (certificates.length > 0) return factsOf(certificates, keyBlock)
  return factsOfKey(keyBlock && privateKeyInPem(keyBlock))
}

function factsOf(
  certificates: readonly X509Certificate[],
  keyBlock: PemBlock | undefined,
): PayloadFacts {
  const [first] = certificates
  const notBefore = edge(certificates, ({ validFromDate }) => validFromDate, Math.max)
  const notAfter = edge(certificates, ({ validToDate }) => validToDate, Math.min)
  if (first === undefined || notBefore === undefined || notAfter === undefined) {
    return { kind: 'unreadable' }
  }
  const key = orUndefined(() => first.publicKey)
  const facts: CertificateFacts = {
    kind: 'certificate',
    notBefore,
    notAfter,
    publicKey: key === undefined ? null : fingerprintOf(key),
    chain: chainOf(certificates),
    ownKey: ownKeyOf(first, keyBlock),
    links: certificates.map(certificateLink),
  }
  return facts
}

function chainOf(certificates: readonly X509Certificate[]): ChainState {
  if (certificates.every(({ ca }) => ca)) return 'authorities'
  for (const [index, certificate] of certificates.entries()) {
    const issuer = certificates[index + 1]
    if (issuer === undefined) break
    if (!isIssuedBy(certificate, issuer, index)) return 'broken'
  }
  const last = certificates.at(-1)
  if (last !== undefined && isSignedByItself(last)) return 'selfSigned'
  return certificates.length === 1 ? 'missing' : 'open'
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate, at: number): boolean {
  if (!certificate.checkIssued(issuer)) return false
  const key = orUndefined(() => issuer.publicKey)
  if (key === undefined || at >= MOST_SIGNATURES || !isQuick(key)) return true
  return orUndefined(() => certificate.verify(key)) ?? false
}

/** Not `checkIssued`: it refuses whoever may not sign for others. */
function isSignedByItself(certificate: X509Certificate): boolean {
  const { subject, issuer } = certificateLink(certificate)
  const key = orUndefined(() => certificate.publicKey)
  if (subject !== issuer || key === undefined || !isQuick(key)) return subject === issuer
  return orUndefined(() => certificate.verify(key)) ?? false
}

function isQuick({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): boolean {
  if (type === 'rsa' || type === 'rsa-pss') {
    const { modulusLength: bits = LARGEST_RSA_BITS + 1, publicExponent: exponent } = details ?? {}
    return bits <= LARGEST_RSA_BITS && exponent !== undefined && exponent <= LARGEST_RSA_EXPONENT
  }
  if (type === 'ec') return QUICK_CURVES.includes(details?.namedCurve ?? '')
  return type !== undefined && QUICK_KEYS.includes(type)
}

function ownKeyOf(certificate: X509Certificate, block: PemBlock | undefined): OwnKeyState {
  if (block === undefined) return 'none'
  const key = privateKeyInPem(block)
  if (key === undefined) return 'locked'
  return (orUndefined(() => certificate.checkPrivateKey(key)) ?? false) ? 'matches' : 'differs'
}

function factsOfKey(key: KeyObject | undefined): PayloadFacts | undefined {
  const publicKey = key && orUndefined(() => createPublicKey(key))
  return publicKey && { kind: 'privateKey', publicKey: fingerprintOf(publicKey) }
}

function privateKeyIn(payload: Buffer): KeyObject | undefined {
  if (!beginsAsPem(payload)) return privateKeyInDer(payload)
  const block = pemBlocks(payload).find(({ label }) => label.endsWith('PRIVATE KEY'))
  return block && privateKeyInPem(block)
}

function certificateOf(bytes: Buffer): X509Certificate | undefined {
  return orUndefined(() => new X509Certificate(bytes))
}

function fingerprintOf(key: KeyObject): Buffer {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest()
}

function edge(
  certificates: readonly X509Certificate[],
  date: (certificate: X509Certificate) => Date,
  choose: (...ms: readonly number[]) => number,
): Timestamp | undefined {
  const ms = choose(...certificates.map((certificate) => date(certificate).getTime()))
  const year = new Date(ms).getUTCFullYear()
  return year >= 1 && year <= 9999 ? timestampFrom(Math.floor(ms / 1000), 0) : undefined
}

/** The same bytes, not a copy of them. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** What OpenSSL does not understand is no failure of ours, and what it says would quote the payload. */
function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
