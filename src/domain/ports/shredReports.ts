import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { DeletionSource } from './projectDeletions.ts'

/** What is known of a key that nobody can unwrap any more. */
export interface DestroyedKey {
  /** Hex, as the commitment below. */
  readonly id: string
  readonly store: string
  readonly term: number
  readonly kekId: string
  /** Whoever finds the key elsewhere can tell by it which one it was. */
  readonly commitment: string
  readonly createdAt: string
}

/** The end of a project, as the database saw it. */
export interface ShredFacts {
  readonly projectId: ProjectId
  /** When the keys went: nothing of the project opened after it. */
  readonly keysDestroyedAt: Timestamp
  readonly source: DeletionSource | null
  readonly notedAt: Timestamp | null
  readonly finishedAt: Timestamp
  readonly keys: readonly DestroyedKey[]
  readonly secrets: number
  readonly containers: number
  readonly orders: number
  readonly consumers: number
  /** Of the ids of all those secrets: the sum of their SHA-256, modulo 2^256. */
  readonly secretIdsDigest: Uint8Array
}

export interface StoredShredReport extends ShredFacts {
  /** undefined: nobody has signed it yet. */
  readonly report: string | undefined
}

/** Facts are gathered in the transactions that remove what they tell of, so a crash loses none (ADR 0056). */
export interface ShredReportRepository {
  /** Of ends that are whole, the latest first; at most `limit`. */
  list(limit: number, projectId?: ProjectId): Promise<readonly StoredShredReport[]>
  /** Whole, and not signed. */
  unsigned(limit: number): Promise<readonly ShredFacts[]>
  /** false: another was faster, and its signature stays. */
  sign(facts: ShredFacts, report: string): Promise<boolean>
  /** The ids of secrets that went with the project, as far as their tombstones are still there. */
  secretIds(facts: ShredFacts): AsyncIterable<string>
}

/** Puts facts into words that anybody can check. */
export interface ShredReportSigner {
  sign(facts: ShredFacts): Promise<string>
}
