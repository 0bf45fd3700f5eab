import { wireTime } from '../../lib/timestamp.ts'
import type { Acl } from '../../model/acl.ts'

/** Without an ACL there are neither users nor times to show (contract 06). */
export function renderAcl(acl: Acl | null): object {
  if (acl === null) return { read: { 'project-access': true } }
  return {
    read: {
      'project-access': acl.projectAccess,
      users: acl.users,
      created: wireTime(acl.createdAt),
      updated: wireTime(acl.updatedAt),
    },
  }
}
