import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { DeletionSource, Shredded } from './ports/projectDeletions.ts'

/** What log, metrics and audit want to know of the ends of projects. */
export type ProjectEvent =
  | {
      readonly type: 'noted'
      readonly projectId: ProjectId
      readonly source: DeletionSource
      readonly notBefore: Timestamp
    }
  /** Told again, or not known here: nothing changed. */
  | { readonly type: 'known' | 'unknown'; readonly projectId: ProjectId }
  /** It would have been noted, were this not a dry run. */
  | { readonly type: 'spared'; readonly projectId: ProjectId; readonly source: DeletionSource }
  /** Its time has come, and Keystone could not be asked whether it is gone. */
  | { readonly type: 'unconfirmed'; readonly projectId: ProjectId; readonly reason: string }
  /** Its time has come, and Keystone has it: nothing was destroyed. */
  | { readonly type: 'reappeared'; readonly projectId: ProjectId }
  | { readonly type: 'keysDestroyed'; readonly projectId: ProjectId; readonly keys: number }
  | { readonly type: 'removed'; readonly removed: Shredded }
  | { readonly type: 'shredded'; readonly projectId: ProjectId; readonly source: DeletionSource }
  /** Whoever had it stood still: anybody may go on. */
  | { readonly type: 'freed'; readonly projectId: ProjectId }
  /** A look or a step failed; the next one tries again. */
  | { readonly type: 'blocked'; readonly error: Error }
  /** The report of a shredded project waits for its signature; the next look tries again. */
  | { readonly type: 'unsigned'; readonly error: Error }
  | { readonly type: 'polled'; readonly known: number; readonly missing: number }
  /** More are missing than may be believed: nothing was noted. */
  | { readonly type: 'disbelieved'; readonly known: number; readonly missing: number }
  | { readonly type: 'pollFailed'; readonly error: Error }
