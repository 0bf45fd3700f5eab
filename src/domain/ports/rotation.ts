import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Container } from '../../model/container.ts'
import type { JobScope, WalkedKind } from '../../model/job.ts'
import type { Order } from '../../model/order.ts'
import type { Stored, Verified } from '../../model/record.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { Secret } from '../../model/secret.ts'
import type { WrappedKey } from './crypto.ts'
import type { JobStep } from './jobs.ts'
import type { ProjectKeyRow } from './keyRepositories.ts'

/** A record with all that its MAC covers, and its envelope. */
export type WholeRecord = Secret | Container | Order

/** Which keys hold a record, as it lies there; nobody has checked it yet. */
export interface WalkedRecord {
  readonly id: string
  readonly createdAt: Timestamp
  /** Hexadecimal; null: it has no MAC. */
  readonly macKey: string | null
  /** Of its payload, or of an order's input; null: it has none. */
  readonly envelopeKey: string | null
  /** First byte of the envelope. */
  readonly format: number | null
}

export interface WalkPage {
  readonly projectId: ProjectId
  readonly kind: WalkedKind
  /** The last record of the page before; undefined: from the beginning. */
  readonly after: { readonly createdAt: Timestamp; readonly id: string } | undefined
  readonly limit: number
}

/** How many project keys a KEK wraps. */
export interface KeysOfKek {
  readonly store: string
  readonly kekId: string
  readonly keys: number
}

/** A record under another key. */
export interface RewrappedRecord {
  readonly kind: WalkedKind
  readonly id: string
  readonly verifiedMac: Uint8Array
  readonly rowMac: Uint8Array
  /** The envelope of its payload or input; null: it has none. */
  readonly sealed: Uint8Array | null
}

/** 'lost': the job is somebody else's by now, paused or cancelled. In every case but a list nothing was written. */
export type RewrapOutcome = 'lost' | 'keyGone' | { readonly stale: readonly string[] }

/** Reads by page, and changes of many records at once; everything under one transaction with the job's step. */
export interface RotationRepository {
  /** Secrets, containers and orders there are, or project keys that the scope names. */
  countRecords(scope: JobScope): Promise<number>
  countKeys(scope: JobScope, which: 'active' | 'all'): Promise<number>
  /** The first project after this one that has a project key. */
  projectAfter(projectId: ProjectId | undefined, scope: JobScope): Promise<ProjectId | undefined>
  /** All terms of a project in all stores, wiped ones left out. */
  keysOf(projectId: ProjectId): Promise<readonly ProjectKeyRow[]>
  /** Terms that hold a key, after this id; the active ones alone, or all. */
  keysAfter(
    keyId: string | undefined,
    scope: JobScope,
    which: 'active' | 'all',
    limit: number,
  ): Promise<readonly ProjectKeyRow[]>
  /** How many project keys each KEK of a store wraps. */
  keysByKek(): Promise<readonly KeysOfKek[]>
  walk(page: WalkPage): Promise<readonly WalkedRecord[]>
  /** undefined: it is gone. @throws Fault('corrupted') when the row is none of ours; the alarm was raised */
  read(
    kind: WalkedKind,
    id: string,
  ): Promise<
    { readonly record: Stored<WholeRecord>; readonly sealed: Uint8Array | null } | undefined
  >
  /**
   * Writes records under their new keys, each only while its MAC is still the verified one ('stale'
   * names the others), and the step.
   */
  rewrap(step: JobStep, records: readonly RewrappedRecord[]): Promise<RewrapOutcome>
  /** Wraps project keys anew, each only while it is wrapped as it was read. */
  rewrapKeys(
    step: JobStep,
    keys: readonly { id: ProjectKeyId; before: WrappedKey; after: WrappedKey }[],
  ): Promise<'lost' | { readonly stale: number }>
  /**
   * No new record may use these terms any more; what they hold still opens. Never the active term of the store that
   * is kept.
   */
  mark(step: JobStep, projectId: ProjectId, keptStore: string | undefined): Promise<'lost' | number>
  /** Marked terms that nothing uses are destroyed. */
  destroy(step: JobStep, ids: readonly ProjectKeyId[]): Promise<'lost' | number>
  /** Marked terms that something still uses may be used again. */
  unmark(projectId: ProjectId): Promise<void>
}

/**
 * What a format of envelopes is to this release: the one it seals in, one that it opens, one that is newer than all it
 * knows, or none that ever was.
 */
export type FormatStanding = 'written' | 'read' | 'newer' | 'unknown'

/** Moves records from key to key, and from format to format, without showing what they hold. @throws Fault('corrupted'); the alarm was raised */
export interface Rewrapper {
  /** Forgets which term each store uses for this project: the database is asked. */
  refresh(projectId: ProjectId): void
  /** A change was answered 'keyGone'. */
  purge(projectId: ProjectId): void
  /** MAC and data key under the active keys of their own stores, or of this one. */
  rewrap(
    record: Verified<WholeRecord>,
    sealed: Uint8Array | null,
    toStore: string | undefined,
  ): Promise<{ readonly rowMac: Uint8Array; readonly sealed: Uint8Array | null }>
  /** The same contents in the format of this release, under the active key of its own store. */
  reseal(
    record: Verified<WholeRecord>,
    sealed: Uint8Array,
  ): Promise<{ readonly rowMac: Uint8Array; readonly sealed: Uint8Array | null }>
  standing(format: number): FormatStanding
  /** Opens its data key, or all of it; what comes out is wiped. */
  prove(
    record: Verified<WholeRecord>,
    sealed: Uint8Array | null,
    depth: 'dek' | 'full',
  ): Promise<void>
  /** The next term of a project in a store follows this one, unless another has already. */
  nextTerm(row: ProjectKeyRow): Promise<void>
  /**
   * The same project key under the current KEK of its store, opened again to see that it is the same.
   * undefined: it is under that one.
   */
  rewrapKey(row: ProjectKeyRow): Promise<WrappedKey | undefined>
  /** Under which KEK a store wraps, in this process. */
  currentKek(store: string): string
  /** Unwraps it and compares with its commitment. */
  proveKey(row: ProjectKeyRow): Promise<void>
}
