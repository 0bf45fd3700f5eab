import type { ProjectId } from '../lib/ids.ts'

/** What the keyring tells metrics. No event holds key material. */
export type KeyringEvent =
  /** A look-up of an unwrapped project key: at hand, fetched, or served past its age while the KEK store is away. */
  | { readonly kind: 'lookup'; readonly outcome: 'hit' | 'miss' | 'stale' }
  | {
      readonly kind: 'kekCall'
      /** Name of the KEK store. */
      readonly store: string
      readonly operation: 'wrap' | 'unwrap'
      /** 'refused': the store answered and would not, 'unavailable': it did not answer. */
      readonly outcome: 'done' | 'refused' | 'unavailable'
      readonly durationMs: number
    }
  | {
      readonly kind: 'newTerm'
      readonly projectId: ProjectId
      /** Name of the KEK store. */
      readonly store: string
      readonly term: number
      readonly reason: NewTermReason
    }

export type NewTermReason = 'first' | 'count' | 'age'
