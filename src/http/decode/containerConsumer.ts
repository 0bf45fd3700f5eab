import { z } from 'zod'
import type { ConsumerName } from '../../model/containerConsumer.ts'
import { text } from './text.ts'

/** Unknown keys are ignored (contract 03). */
export const containerConsumerBody = z.object(
  {
    name: text(36, 1).describe('The service that uses the container.'),
    URL: text(255, 1).describe('What of the service uses it.'),
  },
  { error: 'an object is wanted' },
)

export function decodeContainerConsumer(body: z.infer<typeof containerConsumerBody>): ConsumerName {
  return { name: body.name, url: body.URL }
}
