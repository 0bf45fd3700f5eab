import type { ContainerId, OrderId, ProjectId, SecretId } from '../../lib/ids.ts'
import type { Container } from '../../model/container.ts'
import type { Order } from '../../model/order.ts'
import type { Stored } from '../../model/record.ts'
import type { Secret } from '../../model/secret.ts'

/** In the order in which they are walked. */
export const RECORD_KINDS = ['project-key', 'secret', 'container', 'order'] as const
export type RecordKind = (typeof RECORD_KINDS)[number]

/** Where a record stands: enough to find the next one, also when it is gone by then. */
export interface RecordPlace {
  readonly kind: RecordKind
  readonly projectId: ProjectId
  readonly createdAt: string
  /** Of a project key in hex. */
  readonly id: string
}

export interface RecordRange {
  /** Only those of this project. */
  readonly projectId?: ProjectId | undefined
  /** Only those behind this one, in this and the kinds that follow. */
  readonly after?: RecordPlace | undefined
}

/** All that is under a seal or a MAC, while others may be at work on it. Nothing is changed. */
export interface StoredRecords {
  count(range: RecordRange): Promise<number>
  /** By kind, then by project: a project's key is unwrapped once. */
  walk(range: RecordRange): AsyncIterable<RecordPlace>
  /** So many secrets picked at random, or all where there are fewer. */
  sample(count: number, projectId: ProjectId | undefined): Promise<readonly RecordPlace[]>
  /** Is the row still where it was found? */
  isThere(place: RecordPlace): Promise<boolean>
  secret(id: SecretId): Promise<Stored<Secret> | undefined>
  container(id: ContainerId): Promise<Stored<Container> | undefined>
  order(id: OrderId): Promise<Stored<Order> | undefined>
  /** What waits sealed with the task of an order; null when it has none, or there is no task. */
  orderInput(id: OrderId): Promise<Uint8Array | null>
}
