import type { ProjectId } from '../lib/ids.ts'
import type { KeystoneNotification } from './keystoneNotification.ts'

/** What log and metrics want to know of this room. None holds a password. */
export type ListenerEvent =
  | {
      readonly type: 'listening'
      readonly host: string
      readonly queue: string
      /** It is named after the topic: other services may read it as well, and take messages away. */
      readonly isShared: boolean
    }
  | { readonly type: 'disconnected'; readonly host: string; readonly error: Error }
  | ({ readonly type: 'received'; readonly isRedelivered: boolean } & KeystoneNotification)
  /** It could not be noted, and is not acknowledged. */
  | { readonly type: 'held'; readonly projectId: ProjectId; readonly error: Error }
