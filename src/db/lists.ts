import type { Knex } from 'knex'
import type { ContainerQuery } from '../domain/ports/containerRepositories.ts'
import type { OrderQuery } from '../domain/ports/orderRepositories.ts'
import type { SecretQuery } from '../domain/ports/secretRepositories.ts'
import type { ListedContainer } from '../model/container.ts'
import type { Order } from '../model/order.ts'
import type { Page } from '../model/page.ts'
import type { SecretSummary } from '../model/secret.ts'
import { listContainers } from './containerListing.ts'
import type { Dialect } from './dialect.ts'
import { listOrders } from './orderListing.ts'
import type { Reads } from './reads.ts'
import { listSecrets } from './secretListing.ts'

/** Pages of what the repositories list. Every method may throw Fault('unavailable'). */
export interface Lists {
  secrets(query: SecretQuery): Promise<Page<SecretSummary>>
  containers(query: ContainerQuery): Promise<Page<ListedContainer>>
  orders(query: OrderQuery): Promise<Page<Order>>
}

export interface SnapshotListsParts {
  readonly reads: Reads
  readonly dialect: Dialect
  /** Writes the SQL; has no connection. */
  readonly builder: Knex
}

/** Lists straight from the database: page and count from one snapshot. */
export class SnapshotLists implements Lists {
  readonly #parts: SnapshotListsParts

  constructor(parts: SnapshotListsParts) {
    this.#parts = parts
  }

  async secrets(query: SecretQuery): Promise<Page<SecretSummary>> {
    const { reads, builder, dialect } = this.#parts
    return reads.snapshot(() => listSecrets(builder, dialect, query))
  }

  async containers(query: ContainerQuery): Promise<Page<ListedContainer>> {
    const { reads, builder, dialect } = this.#parts
    return reads.snapshot(() => listContainers(builder, dialect, query))
  }

  async orders(query: OrderQuery): Promise<Page<Order>> {
    const { reads, builder, dialect } = this.#parts
    return reads.snapshot(() => listOrders(builder, dialect, query))
  }
}
