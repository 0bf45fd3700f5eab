import type {
  MadeKeyPair,
  OrderTask,
  OrderTaskRepository,
  Settled,
} from '../domain/ports/orderRepositories.ts'
import type { OrderId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Order } from '../model/order.ts'
import type { Stored } from '../model/record.ts'
import { number } from './rows/column.ts'
import { ORDER_COLUMNS, orderOfRow } from './rows/orderRow.ts'
import { recordIn } from './rows/recordIn.ts'
import type { RepositoryParts } from './secretRepository.ts'

const LOOK =
  'select order_tasks.lease_owner, count(*) as waiting from order_tasks group by order_tasks.lease_owner'
const ORDER = `select ${ORDER_COLUMNS.join(', ')} from orders where orders.id = ?`

export class SqlOrderTaskRepository implements OrderTaskRepository {
  readonly #parts: RepositoryParts

  constructor(parts: RepositoryParts) {
    this.#parts = parts
  }

  async claim(owner: string, now: Timestamp, until: Timestamp): Promise<OrderTask | undefined> {
    return this.#parts.commands.run('claimOrderTask', owner, now, until)
  }

  async renew(orderId: OrderId, owner: string, until: Timestamp): Promise<boolean> {
    return this.#parts.commands.run('renewOrderLease', orderId, owner, until)
  }

  async release(task: OrderTask, owner: string, notBefore: Timestamp): Promise<void> {
    const { orderId, cost } = task
    return this.#parts.commands.run('releaseOrderTask', { orderId, cost }, owner, notBefore)
  }

  async releaseAllOf(owner: string): Promise<void> {
    return this.#parts.commands.run('releaseOrderTasksOf', owner)
  }

  async look(): Promise<{ readonly waiting: number; readonly owners: readonly string[] }> {
    const rows = await this.#parts.reads.all(LOOK)
    return {
      waiting: rows.reduce((sum, row) => sum + number(row, 'waiting'), 0),
      owners: rows.map((row) => row['lease_owner']).filter((owner) => typeof owner === 'string'),
    }
  }

  async order(id: OrderId): Promise<Stored<Order> | undefined> {
    const row = await this.#parts.reads.first(ORDER, id)
    return recordIn(row, orderOfRow, 'order', this.#parts.onEvent)
  }

  async settle(
    owner: string,
    verifiedMac: Uint8Array,
    order: Stored<Order>,
    made: MadeKeyPair | undefined,
  ): Promise<Settled> {
    return this.#parts.commands.run('settleOrder', owner, verifiedMac, order, made)
  }
}
