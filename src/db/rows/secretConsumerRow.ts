import { digestOf } from '../../lib/digestOf.ts'
import type { ConsumerId, SecretId } from '../../lib/ids.ts'
import type { SecretConsumer, SecretConsumerName } from '../../model/secretConsumer.ts'
import type { Row, SqlValue } from '../statement.ts'
import { projectIdIn, text, time } from './column.ts'

export const SECRET_CONSUMER_COLUMNS = [
  'secret_consumers.id',
  'secret_consumers.secret_id',
  'secret_consumers.service',
  'secret_consumers.resource_type',
  'secret_consumers.resource_id',
  'secret_consumers.project_id',
  'secret_consumers.created_at',
  'secret_consumers.updated_at',
] as const

export function secretConsumerOfRow(row: Row): SecretConsumer {
  return {
    id: text(row, 'id') as ConsumerId,
    secretId: text(row, 'secret_id') as SecretId,
    service: text(row, 'service'),
    resourceType: text(row, 'resource_type'),
    resourceId: text(row, 'resource_id'),
    projectId: projectIdIn(row),
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

export function rowOfSecretConsumer(consumer: SecretConsumer): Readonly<Record<string, SqlValue>> {
  return {
    id: consumer.id,
    secret_id: consumer.secretId,
    service: consumer.service,
    resource_type: consumer.resourceType,
    resource_id: consumer.resourceId,
    project_id: consumer.projectId,
    created_at: consumer.createdAt,
    updated_at: consumer.updatedAt,
    digest: digestOfName(consumer),
  }
}

/** Stands for the three fields in the unique key, which would be too long for MariaDB. */
export function digestOfName(name: SecretConsumerName): Uint8Array {
  return digestOf(name.service, name.resourceType, name.resourceId)
}
