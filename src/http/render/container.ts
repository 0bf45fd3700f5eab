import { wireTime } from '../../lib/timestamp.ts'
import type { ListedContainer } from '../../model/container.ts'
import type { ContainerConsumer } from '../../model/containerConsumer.ts'
import { secretRef } from './secret.ts'

/** Order and presence of keys as contract 04 lists them; a member whose secret was deleted is not shown. */
export function renderContainer(container: ListedContainer, base: string): object {
  return {
    created: wireTime(container.createdAt),
    updated: wireTime(container.updatedAt),
    status: 'ACTIVE',
    name: container.name,
    type: container.type,
    creator_id: container.creatorId,
    secret_refs: container.members
      .filter(({ isGone }) => !isGone)
      .map(({ name, secretId }) => ({ name, secret_ref: secretRef(base, secretId) })),
    consumers: container.consumers.map(({ name, url }) => ({ name, URL: url })),
    container_ref: containerRef(base, container.id),
  }
}

/** One item of a container's consumers (contract 03). Its id is never shown. */
export function renderContainerConsumer(consumer: ContainerConsumer): object {
  return {
    created: wireTime(consumer.createdAt),
    updated: wireTime(consumer.updatedAt),
    status: 'ACTIVE',
    name: consumer.name,
    URL: consumer.url,
  }
}

export function containerRef(base: string, id: string): string {
  return `${base}/v1/containers/${id}`
}
