import type { Timestamp } from '../lib/timestamp.ts'

/** A stored read ACL. No ACL at all means project access and no users (contract 06). */
export interface Acl {
  readonly projectAccess: boolean
  /** Keystone user ids; a set: order means nothing, no duplicates. */
  readonly users: readonly string[]
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
