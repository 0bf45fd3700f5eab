import { z } from 'zod'
import { wireTime } from '../../lib/timestamp.ts'
import { CONTAINER_TYPES, type ListedContainer } from '../../model/container.ts'
import type { ContainerConsumer } from '../../model/containerConsumer.ts'
import { secretRef } from './secret.ts'
import { timeShown } from './timeShown.ts'

export const containerShown = z
  .object({
    created: timeShown,
    updated: timeShown,
    status: z.literal('ACTIVE'),
    name: z.string().nullable(),
    type: z.enum(CONTAINER_TYPES).describe('dsa cannot be posted.'),
    creator_id: z.string().nullable().describe('The user who created it.'),
    secret_refs: z
      .array(z.object({ name: z.string().nullable(), secret_ref: z.url() }))
      .describe('Deleted secrets are left out; expired ones stay, and are 404.'),
    consumers: z.array(z.object({ name: z.string(), URL: z.string() })),
    container_ref: z.url(),
  })
  .meta({ id: 'Container' })

export const containerRefShown = z.object({ container_ref: z.url() }).meta({ id: 'ContainerRef' })

export const containerConsumerShown = z
  .object({
    created: timeShown,
    updated: timeShown,
    status: z.literal('ACTIVE'),
    name: z.string(),
    URL: z.string(),
  })
  .meta({ id: 'ContainerConsumer' })

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
