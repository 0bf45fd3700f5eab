import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** What works in the background, in small steps. */
export const JOB_KINDS = {
  'kek-rewrap': { counts: 'project keys' },
  'project-keys': { counts: 'project keys' },
  'data-keys': { counts: 'records' },
  'project-move': { counts: 'records' },
  formats: { counts: 'records' },
} as const satisfies Record<string, { readonly counts: string }>

export type JobKind = keyof typeof JOB_KINDS

/** 'failed': it came to its end, and some records or keys stayed as they were. */
export type JobState = 'running' | 'paused' | 'cancelled' | 'done' | 'failed'

/** How much of what was written is opened afterwards. */
export const VERIFY_DEPTHS = ['none', 'dek', 'full'] as const
export type VerifyDepth = (typeof VERIFY_DEPTHS)[number]

export interface JobScope {
  readonly verify: VerifyDepth
  /** This project alone. */
  readonly projectId?: ProjectId
  /** Project keys of this KEK store alone. */
  readonly store?: string
  /** The KEK that project keys are to be under. */
  readonly kekId?: string
  /** Project keys made before. */
  readonly before?: Timestamp
  /** The KEK store that everything goes to. */
  readonly toStore?: string
}

/** In this order: an order and a container name secrets, a secret names nobody. */
export const WALKED_KINDS = ['order', 'container', 'secret'] as const
export type WalkedKind = (typeof WALKED_KINDS)[number]

/** Where a walk over records, or over project keys, is. What is left out is before the first. */
export interface JobPlace {
  readonly phase: string
  /** How often it began anew, because somebody wrote under an old key meanwhile. */
  readonly lap: number
  readonly projectId?: ProjectId
  /** Of the project key that came last. */
  readonly keyId?: string
  readonly kind?: WalkedKind
  readonly createdAt?: Timestamp
  readonly id?: string
  /** Of the project at hand: keys on their way out that something damaged still needs. */
  readonly usedKeys?: readonly string[]
  /** Records of this lap that were found under an old key, or in an old format, and moved. */
  readonly stragglers: number
}

export interface Job {
  readonly id: string
  readonly kind: JobKind
  readonly state: JobState
  readonly scope: JobScope
  readonly place: JobPlace
  readonly revision: number
  /** How many there were when it began. */
  readonly total: number
  readonly done: number
  readonly verified: number
  readonly failed: number
  readonly keysDestroyed: number
  /** Records a second at most; null: as fast as the server bears. */
  readonly rate: number | null
  /** Why it does not get on just now. */
  readonly trouble: string | null
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
