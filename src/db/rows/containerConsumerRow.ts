import type { ConsumerId, ContainerId } from '../../lib/ids.ts'
import type { ContainerConsumer } from '../../model/containerConsumer.ts'
import type { Row, SqlValue } from '../statement.ts'
import { projectIdIn, text, time } from './column.ts'

export const CONTAINER_CONSUMER_COLUMNS = [
  'container_consumers.id',
  'container_consumers.container_id',
  'container_consumers.name',
  'container_consumers.url',
  'container_consumers.project_id',
  'container_consumers.created_at',
  'container_consumers.updated_at',
] as const

export function containerConsumerOfRow(row: Row): ContainerConsumer {
  return {
    id: text(row, 'id') as ConsumerId,
    containerId: text(row, 'container_id') as ContainerId,
    name: text(row, 'name'),
    url: text(row, 'url'),
    projectId: projectIdIn(row),
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

export function rowOfContainerConsumer(
  consumer: ContainerConsumer,
): Readonly<Record<string, SqlValue>> {
  return {
    id: consumer.id,
    container_id: consumer.containerId,
    name: consumer.name,
    url: consumer.url,
    project_id: consumer.projectId,
    created_at: consumer.createdAt,
    updated_at: consumer.updatedAt,
  }
}
