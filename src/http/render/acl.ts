import { z } from 'zod'
import { wireTime } from '../../lib/timestamp.ts'
import type { Acl } from '../../model/acl.ts'
import { timeShown } from './timeShown.ts'

export const aclShown = z
  .object({
    read: z.object({
      'project-access': z.boolean().describe('Whether the roles of the project count.'),
      users: z
        .array(z.string())
        .optional()
        .describe('Ids of users who may read; absent, like the times, where no ACL is stored.'),
      created: timeShown.optional(),
      updated: timeShown.optional(),
    }),
  })
  .meta({ id: 'Acl', description: 'Who may read a secret or a container besides its owner.' })

export const aclRefShown = z.object({ acl_ref: z.url() }).meta({ id: 'AclRef' })

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
