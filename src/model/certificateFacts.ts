import type { ProjectId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { SecretType } from './secretTypes.ts'

/**
 * What the certificates of one payload are to each other:
 * - 'selfSigned': the first leads to one that signed itself
 * - 'open': each is issued by the next; who issued the last, clients have to know
 * - 'missing': one certificate of no CA, and nobody who issued it
 * - 'broken': one of them was not issued by the next
 * - 'authorities': CAs alone, as in a list of whom to trust; no chain is asked of them
 */
export const CHAIN_STATES = ['selfSigned', 'open', 'missing', 'broken', 'authorities'] as const
export type ChainState = (typeof CHAIN_STATES)[number]

/** The private key in the payload of a certificate. 'locked': it wants a passphrase, or is none that is read. */
export const OWN_KEY_STATES = ['none', 'matches', 'differs', 'locked'] as const
export type OwnKeyState = (typeof OWN_KEY_STATES)[number]

/** By what an issuer is found: digests of names, and key identifiers as certificates carry them; all hex. */
export interface CertificateLink {
  readonly subject: string
  readonly issuer: string
  readonly subjectKey: string | null
  readonly issuerKey: string | null
}

export interface CertificateFacts {
  readonly kind: 'certificate'
  /** From and until when all certificates of the payload are valid. */
  readonly notBefore: Timestamp
  readonly notAfter: Timestamp
  /** SHA-256 of the first one's public key as SubjectPublicKeyInfo; null when it is of an unknown kind. */
  readonly publicKey: Uint8Array | null
  readonly chain: ChainState
  readonly ownKey: OwnKeyState
  readonly links: readonly CertificateLink[]
}

/** Of a private key nothing is kept but the digest of its public half. */
export interface PrivateKeyFacts {
  readonly kind: 'privateKey'
  readonly publicKey: Uint8Array
}

/** It is called a certificate, and is none that can be parsed. */
export interface UnreadableFacts {
  readonly kind: 'unreadable'
}

/** What was read from a payload before it was sealed: nothing by which it could be used, or its owner named. */
export type PayloadFacts = CertificateFacts | PrivateKeyFacts | UnreadableFacts

export type StoredFacts = PayloadFacts & {
  readonly secretId: SecretId
  readonly projectId: ProjectId
}

/**
 * Which payloads are looked at: certificates and keys as PEM or DER, and opaque ones that begin as PEM does, since
 * `openstack secret store` calls everything opaque unless told otherwise.
 */
export const LOOKED_AT: Readonly<Partial<Record<SecretType, 'certificate' | 'key' | 'pem'>>> = {
  certificate: 'certificate',
  private: 'key',
  opaque: 'pem',
}

export const WARNING_DAYS = [0, 1, 7, 30] as const
export type WarningDays = (typeof WARNING_DAYS)[number]
