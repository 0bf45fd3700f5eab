import { wireTime } from '../../lib/timestamp.ts'
import type { SecretConsumer } from '../../model/secretConsumer.ts'

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
