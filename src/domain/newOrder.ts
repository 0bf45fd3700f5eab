import type { Timestamp } from '../lib/timestamp.ts'
import type { ContentType } from '../model/contentTypes.ts'

/** A decoded POST /v1/orders of type key. */
export interface NewKeyOrder {
  readonly type: 'key'
  readonly name: string | null
  readonly algorithm: string
  readonly bitLength: number
  readonly mode: string | null
  readonly expiration: Timestamp | null
  readonly contentType: ContentType
  /** Normalised input, kept and echoed back. */
  readonly meta: Readonly<Record<string, unknown>>
}
