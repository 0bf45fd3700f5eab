import type { Changed, QuotaReached } from '../domain/ports/changes.ts'
import type {
  NewOrderTask,
  OrderQuery,
  OrderRepository,
} from '../domain/ports/orderRepositories.ts'
import type { OrderId, ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Order } from '../model/order.ts'
import type { Page } from '../model/page.ts'
import type { Stored } from '../model/record.ts'
import type { Secret } from '../model/secret.ts'
import { ORDER_COLUMNS, orderOfRow } from './rows/orderRow.ts'
import { recordIn } from './rows/recordIn.ts'
import type { RepositoryParts } from './secretRepository.ts'

const FIND =
  `select ${ORDER_COLUMNS.join(', ')} from orders ` +
  'where orders.id = ? and orders.project_id = ?'

export class SqlOrderRepository implements OrderRepository {
  readonly #parts: RepositoryParts

  constructor(parts: RepositoryParts) {
    this.#parts = parts
  }

  async place(
    order: Stored<Order>,
    secret: Stored<Secret> | undefined,
    task?: NewOrderTask,
    defaultQuota?: number,
  ): Promise<'placed' | 'keyGone' | QuotaReached> {
    return this.#parts.commands.run('placeOrder', order, secret, task, defaultQuota)
  }

  async find(projectId: ProjectId, id: OrderId): Promise<Stored<Order> | undefined> {
    const row = await this.#parts.reads.first(FIND, id, projectId)
    return recordIn(row, orderOfRow, 'order', this.#parts.onEvent)
  }

  async list(query: OrderQuery): Promise<Page<Order>> {
    return this.#parts.lists.orders(query)
  }

  async remove(id: OrderId, verifiedMac: Uint8Array, deletedAt: Timestamp): Promise<Changed> {
    return this.#parts.commands.run('removeOrder', id, verifiedMac, deletedAt)
  }
}
