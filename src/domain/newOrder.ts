import type { Timestamp } from '../lib/timestamp.ts'
import type { ContentType } from '../model/contentTypes.ts'
import type { TakenPassphrase } from './passphrase.ts'

/** What orders of every type say. */
interface OrderFields {
  readonly name: string | null
  readonly algorithm: string
  readonly bitLength: number
  readonly mode: string | null
  readonly expiration: Timestamp | null
  readonly contentType: ContentType
  /** Normalised input, kept and echoed back; no passphrase in it. */
  readonly meta: Readonly<Record<string, unknown>>
}

/** A decoded POST /v1/orders of type key. */
export interface NewKeyOrder extends OrderFields {
  readonly type: 'key'
}

/** A decoded POST /v1/orders of type asymmetric. */
export interface NewKeyPairOrder extends OrderFields {
  readonly type: 'asymmetric'
  /** Whoever reads the body wipes them. */
  readonly passphrases: TakenPassphrase['given']
}

export type NewOrder = NewKeyOrder | NewKeyPairOrder
