import { z } from 'zod'
import type { GivenMember } from '../../domain/newContainer.ts'
import { Fault } from '../../lib/fault.ts'
import { secretIdOfRef, secretRef } from './secretRef.ts'
import { text } from './text.ts'

/** POST and DELETE of one secret of a container: unlike at creation, a name of null is refused (contract 04). */
export const containerMemberBody = z.object(
  {
    name: text(255).optional().describe('What the container calls the secret.'),
    secret_ref: secretRef,
  },
  { error: 'an object is wanted' },
)

/** Where the reference begins is not looked at here, other than at creation (Q37). */
export function decodeContainerMember(body: z.infer<typeof containerMemberBody>): GivenMember {
  if (!body.secret_ref.includes('/')) {
    throw new Fault(
      'badRequest',
      'Property secret_ref is not valid: a reference that ends in /v1/secrets/{id} is wanted.',
    )
  }
  return { name: body.name ?? null, secretId: secretIdOfRef(body.secret_ref) }
}
