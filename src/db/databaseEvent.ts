/** SQLite's two connections, or one of many to a server. */
export type ConnectionHolder = 'writer' | 'reader' | 'pool'

/** What metrics and log want to know of this room. */
export type DatabaseEvent =
  /** One transaction of the writer: how many commands shared it, and how long until it was durable. */
  | { readonly type: 'groupCommit'; readonly commands: number; readonly durationMs: number }
  | {
      readonly type: 'checkpoint'
      readonly mode: 'passive' | 'truncate'
      readonly isBusy: boolean
      readonly pagesInLog: number
      readonly durationMs: number
    }
  /** A connection was given up; the next request opens another. */
  | { readonly type: 'connectionLost'; readonly by: ConnectionHolder; readonly reason: string }
  | { readonly type: 'connectionOpened'; readonly by: ConnectionHolder }
  /** No connection to the server can be opened; requests get 503 until one can. */
  | { readonly type: 'serverUnreachable'; readonly reason: string }
  | { readonly type: 'serverReached' }
  /** A deadlock, a lock that took too long, a lost certification: the change is tried again. */
  | { readonly type: 'changeRetried'; readonly command: string; readonly reason: string }
  /** The server acknowledges what it may lose in a crash. */
  | {
      readonly type: 'weakDurability'
      readonly setting: string
      readonly found: string
      readonly wanted: string
    }
  /** A row holds what we never wrote: an alarm. */
  | {
      readonly type: 'damagedRow'
      readonly kind: 'secret' | 'container' | 'order' | 'project-key'
      readonly id: string
      readonly what: string
    }
  /** The writer's thread died; another starts after the delay. */
  | { readonly type: 'writerDied'; readonly reason: string; readonly restartInMs: number }

export type OnDatabaseEvent = (event: DatabaseEvent) => void
