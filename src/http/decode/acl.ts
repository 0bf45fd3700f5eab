import { z } from 'zod'
import type { NewAcl } from '../../domain/newAcl.ts'
import { text } from './text.ts'

const readTerms = z.strictObject(
  {
    users: z
      .array(text(255), { error: 'an array of user ids is wanted' })
      .optional()
      .describe('Ids of the users who may read, whatever their project and roles.'),
    'project-access': z
      .boolean({ error: 'true or false is wanted' })
      .optional()
      .describe('Whether the roles of the project count; false makes it private.'),
  },
  { error: 'an object of users and project-access, and nothing else, is wanted' },
)

/** Every user id is looked at, not the first alone (Q42). */
export const aclBody = z.strictObject(
  { read: readTerms.optional().describe('The one operation there is.') },
  { error: 'an object of read, and nothing else, is wanted' },
)

export function decodeAcl({ read }: z.infer<typeof aclBody>): NewAcl {
  if (read === undefined || Object.keys(read).length === 0) return { read: undefined }
  const { users, 'project-access': projectAccess } = read
  return { read: { projectAccess, users: users && [...new Set(users)] } }
}
