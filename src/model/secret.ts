import type { ProjectId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Acl } from './acl.ts'
import type { ContentType } from './contentTypes.ts'
import type { SecretType } from './secretTypes.ts'

/** What lists show: never an envelope, never a MAC. */
export interface SecretSummary {
  readonly kind: 'secret'
  readonly id: SecretId
  readonly projectId: ProjectId
  readonly name: string | null
  readonly secretType: SecretType
  readonly algorithm: string | null
  readonly bitLength: number | null
  readonly mode: string | null
  readonly expiration: Timestamp | null
  readonly creatorId: string | null
  /** null while the secret has no payload. */
  readonly contentType: ContentType | null
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}

/** A secret with all that its row MAC covers, and of its payload only whether there is one. */
export interface SecretFacts extends SecretSummary {
  readonly acl: Acl | null
  readonly hasPayload: boolean
}

/** A secret with all that its row MAC covers, before the MAC is made. */
export interface Secret extends SecretSummary {
  readonly acl: Acl | null
  /** Sealed payload in the stored form of sealedForms.ts; null until the second step of a two-step create. */
  readonly envelope: Uint8Array | null
}

export function isExpired(
  secret: { readonly expiration: Timestamp | null },
  now: Timestamp,
): boolean {
  return secret.expiration !== null && secret.expiration <= now
}
