import { z } from 'zod'
import type { SecretConsumerName } from '../../model/secretConsumer.ts'
import { text } from './text.ts'

/** Unknown keys are ignored (contract 03). */
export const secretConsumerBody = z.object(
  {
    service: text(255, 1).describe('Which service uses the secret, such as cinder.'),
    resource_type: text(255, 1).describe('What uses it there, such as volume.'),
    // The reference sets no bound and has a column of 36; ours takes what its neighbours take.
    resource_id: text(255, 1).describe('Which one of them.'),
  },
  { error: 'an object is wanted' },
)

export function decodeSecretConsumer(body: z.infer<typeof secretConsumerBody>): SecretConsumerName {
  return {
    service: body.service,
    resourceType: body.resource_type,
    resourceId: body.resource_id,
  }
}
