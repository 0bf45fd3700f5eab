import type { Timestamp } from '../lib/timestamp.ts'
import type { ContentType } from '../model/contentTypes.ts'
import type { SecretType } from '../model/secretTypes.ts'

export interface NewPayload {
  /** Ours to wipe once sealed. */
  readonly bytes: Buffer
  readonly contentType: ContentType
}

/** A decoded POST /v1/secrets. */
export interface NewSecret {
  readonly name: string | null
  readonly algorithm: string | null
  readonly bitLength: number | null
  readonly mode: string | null
  readonly expiration: Timestamp | null
  readonly secretType: SecretType
  readonly payload: NewPayload | null
}
