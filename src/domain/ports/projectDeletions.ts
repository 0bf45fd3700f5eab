import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'

/** Who says that a project is deleted. */
export type DeletionSource = 'notification' | 'poll' | 'operator'

/**
 * - 'missing': a poll did not find it in Keystone; the next one decides
 * - 'doomed': deleted; at `notBefore` its keys go
 * - 'shredding': its keys are destroyed, its rows are going
 * - 'shredded': nothing of it is left, and no new key is made for it
 */
export type DeletionState = 'missing' | 'doomed' | 'shredding' | 'shredded'

export interface ProjectDeletion {
  readonly projectId: ProjectId
  readonly state: DeletionState
  /** null while it is only missing. */
  readonly source: DeletionSource | null
  readonly notBefore: Timestamp | null
}

/** A deletion in somebody's hands. */
export interface DeletionTask {
  readonly projectId: ProjectId
  readonly state: 'doomed' | 'shredding'
  readonly source: DeletionSource
}

export interface DeletionsSeen {
  /** Is there anything to claim? */
  readonly isAnythingDue: boolean
  /** Whose keys nobody may hold any more: projects that are being shredded, or that were at or after `goneSince`. */
  readonly keysGone: readonly ProjectId[]
  /** Who holds any. */
  readonly owners: readonly string[]
}

/** What was removed, by kind. */
export interface Shredded {
  readonly keys: number
  readonly secrets: number
  readonly containers: number
  readonly orders: number
  /** Those it registered with what others own. */
  readonly consumers: number
}

/** When the last records removed of each kind were made: a long way is not begun anew at every step. */
export type ShredPlace = Readonly<Partial<Record<'secrets' | 'containers' | 'orders', Timestamp>>>

export type ShredStep =
  | 'lost'
  | { readonly removed: Shredded; readonly isDone: boolean; readonly place: ShredPlace }

/** Whose a task is. `until` ends nothing while somebody holds it: it is what moves, as a sign of life (ADR 0064). */
export interface Lease {
  readonly owner: string
  readonly now: Timestamp
  readonly until: Timestamp
}

/** A deletion that nobody may take up now, as somebody saw it. */
export interface HeldDeletion {
  readonly projectId: ProjectId
  /** null: it rests until then. */
  readonly owner: string | null
  readonly until: Timestamp
}

/**
 * The ends of projects (ADR 0023). A task belongs to whoever claimed it until he gives it back or has stood still, as
 * with orders; each step is one short transaction, and what a killed process left is gone on with.
 */
export interface ProjectDeletionRepository {
  /**
   * Notes that a project is deleted; durable when it answers. 'unknown': there is nothing of it, and
   * nothing was written. 'known': it was noted before, and stays as it was; an operator's note replaces one.
   */
  note(
    projectId: ProjectId,
    deletion: {
      readonly source: DeletionSource
      readonly now: Timestamp
      readonly notBefore: Timestamp
    },
  ): Promise<'noted' | 'known' | 'unknown'>
  /** Takes the note back, or lets a shredded project be used again. 'tooLate': its keys are destroyed, its rows not all gone. */
  keep(projectId: ProjectId): Promise<'kept' | 'tooLate' | 'unknown'>
  /** By what is due first, each state that is not 'live'; at most `limit`. */
  list(limit: number): Promise<readonly ProjectDeletion[]>
  /** A read, so that nothing to do costs no write. */
  look(now: Timestamp, goneSince: Timestamp): Promise<DeletionsSeen>
  /** Takes from an owner that is known to be dead whatever it held. */
  releaseAllOf(owner: string): Promise<void>
  /** What is held or rests, a hundred at most. */
  held(): Promise<readonly HeldDeletion[]>
  /** Makes it anybody's, if it is still as it was seen. */
  free(seen: HeldDeletion): Promise<void>
  /** Takes the one that is due first, or that of `projectId` if it is due, and that nobody holds. */
  claim(lease: Lease, projectId?: ProjectId): Promise<DeletionTask | undefined>
  /** Gives a task back: nobody takes it up before `until`. */
  defer(projectId: ProjectId, lease: Lease): Promise<void>
  /** Destroys all keys of the project, in every store: from here on nothing of it opens. */
  destroyKeys(projectId: ProjectId, lease: Lease): Promise<'lost' | number>
  /**
   * Removes `limit` records at most, with all that hangs on them; with the last ones, the rest of the
   * project. `place` is where the last step ended; without one it looks from the beginning.
   */
  shred(projectId: ProjectId, lease: Lease, limit: number, place?: ShredPlace): Promise<ShredStep>
}

/** What the poll of Keystone keeps. */
export interface ProjectPollRepository {
  /** true: nobody else asks now, nor has one asked to the end since `dueBefore`. */
  claimPass(lease: Lease, dueBefore: Timestamp): Promise<boolean>
  /** `isComplete`: the next one comes after the interval; else it may begin at once. */
  endPass(lease: Lease, isComplete: boolean): Promise<void>
  /** The projects that have keys, quotas or a preference, after this one. */
  projectsAfter(projectId: ProjectId | undefined, limit: number): Promise<readonly ProjectId[]>
  /** Since when it is missing; undefined when its deletion was noted already. */
  markMissing(projectId: ProjectId, now: Timestamp): Promise<Timestamp | undefined>
  /** It is there: what an earlier pass thought counts no more. */
  markPresent(projectId: ProjectId): Promise<void>
}
