import type { KekDescription, KekStore, WrapsUnderAny } from './crypto.ts'

/*
 * What else a KEK store may be able to do (ADR 0047), each a small interface of its own: one whose KEKs are versions
 * kept elsewhere can perhaps only switch, one that is read-only can do none of it. All are safe to repeat.
 */

export type KekFacts = KekDescription['keks'][number]

/** Makes a KEK that can unwrap, and does not wrap yet. */
export interface KekGeneration {
  generate(signal: AbortSignal): Promise<KekFacts>
}

/** Chooses the KEK that wraps: its canary has to be committed before it becomes so. */
export interface KekPromotion extends WrapsUnderAny {
  promote(kekId: string, signal: AbortSignal): Promise<void>
}

/** A KEK of which the database has a canary. */
export interface KnownKek {
  readonly id: string
  readonly isRetired: boolean
}

/** The other way to choose it: the database says which KEKs are in use, and the store which of these comes first. */
export interface KekFollowing extends WrapsUnderAny {
  /** @returns true when another one wraps from now on, or one is retired */
  follow(known: readonly KnownKek[]): boolean
}

/** Ends a KEK: first it opens nothing any more and could be taken back, then it is gone. */
export interface KekRetirement {
  retire(kekId: string, signal: AbortSignal): Promise<void>
  destroy(kekId: string, signal: AbortSignal): Promise<void>
}

/** What changed outside is taken up by a running process. */
export interface KekReload {
  /** 'changed' once `take` agreed to what was found. @throws Error with a sentence; what was before stays in use */
  reload(take: (found: KekDescription) => Promise<void>): Promise<'same' | 'changed'>
}

export type KekStoreExtras = Partial<
  KekGeneration & KekPromotion & KekFollowing & KekRetirement & KekReload
>

/** All that a KEK store can do. */
export type CapableKekStore = KekStore & KekStoreExtras
