import type {
  LeasedTask,
  MadeKeyPair,
  OrderTask,
  OrderTaskRepository,
  Settled,
} from '../domain/ports/orderRepositories.ts'
import type { OrderId } from '../lib/ids.ts'
import { NEVER, type Timestamp } from '../lib/timestamp.ts'
import type { Order } from '../model/order.ts'
import type { Stored } from '../model/record.ts'
import { number, text, textOrNull } from './rows/column.ts'
import { ORDER_COLUMNS, orderOfRow } from './rows/orderRow.ts'
import { recordIn } from './rows/recordIn.ts'
import type { RepositoryParts } from './secretRepository.ts'

const LOOK =
  'select order_tasks.lease_owner, count(*) as waiting from order_tasks group by order_tasks.lease_owner'
const LEASED =
  'select order_tasks.order_id, order_tasks.lease_owner, order_tasks.lease_until from order_tasks ' +
  'where order_tasks.lease_until < ? order by order_tasks.lease_until limit 100'
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

  async leased(): Promise<readonly LeasedTask[]> {
    const rows = await this.#parts.reads.all(LEASED, NEVER)
    return rows.map((row) => ({
      orderId: text(row, 'order_id') as OrderId,
      owner: textOrNull(row, 'lease_owner'),
      until: text(row, 'lease_until') as Timestamp,
    }))
  }

  async free(seen: LeasedTask): Promise<void> {
    return this.#parts.commands.run('freeOrderTask', seen)
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
