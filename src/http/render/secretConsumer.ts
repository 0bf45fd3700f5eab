import { z } from 'zod'
import { wireTime } from '../../lib/timestamp.ts'
import type { SecretConsumer } from '../../model/secretConsumer.ts'
import { timeShown } from './timeShown.ts'

export const secretConsumerShown = z
  .object({
    created: timeShown,
    updated: timeShown,
    status: z.literal('ACTIVE'),
    service: z.string(),
    resource_type: z.string(),
    resource_id: z.string(),
  })
  .meta({ id: 'SecretConsumer' })

/** As contract 03 lists it; the id is never shown. */
export function renderSecretConsumer(consumer: SecretConsumer): object {
  return {
    created: wireTime(consumer.createdAt),
    updated: wireTime(consumer.updatedAt),
    status: 'ACTIVE',
    service: consumer.service,
    resource_type: consumer.resourceType,
    resource_id: consumer.resourceId,
  }
}
