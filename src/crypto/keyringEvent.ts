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
  /** The store is asked no more but once in a while: whoever needs it gets 503 at once. */
  | { readonly kind: 'kekStoreAway'; readonly store: string; readonly cause: unknown }
  | { readonly kind: 'kekStoreBack'; readonly store: string }
  /** A process that talked to an HSM was given up; calls are asked again of the next one. */
  | { readonly kind: 'hsmLost'; readonly store: string; readonly reason: string }
  | { readonly kind: 'hsmOpened'; readonly store: string }
  /** A start waits for it. */
  | { readonly kind: 'hsmAwaited'; readonly store: string; readonly reason: string }
  | {
      readonly kind: 'newTerm'
      readonly projectId: ProjectId
      /** Name of the KEK store. */
      readonly store: string
      readonly term: number
      readonly reason: NewTermReason
    }

export type NewTermReason = 'first' | 'count' | 'age' | 'demand'

/** The three that are told for every look-up, made once. */
export const HIT: KeyringEvent = Object.freeze({ kind: 'lookup', outcome: 'hit' })
export const MISS: KeyringEvent = Object.freeze({ kind: 'lookup', outcome: 'miss' })
export const STALE: KeyringEvent = Object.freeze({ kind: 'lookup', outcome: 'stale' })
