import type { Changed, QuotaReached } from '../../domain/ports/changes.ts'
import type { NewOrderTask } from '../../domain/ports/orderRepositories.ts'
import type { OrderId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Order } from '../../model/order.ts'
import type { Stored } from '../../model/record.ts'
import type { Secret } from '../../model/secret.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import { rowOfOrder } from '../rows/orderRow.ts'
import type { Statements } from '../statement.ts'
import { deletionOfTask } from './orderTaskCommands.ts'
import { projectQuotaWithKeys } from './projectKeysInUse.ts'
import { isStillTheSame, tombstoneOf } from './protectedRow.ts'
import { limitOf, quotaReached } from './quotaReached.ts'
import { insertSecretAmongOthers } from './secretCommands.ts'

export function* placeOrder(
  dialect: Dialect,
  order: Stored<Order>,
  secret: Stored<Secret> | undefined,
  task?: NewOrderTask,
  defaultQuota?: number,
): Statements<'placed' | 'keyGone' | QuotaReached> {
  const sealed = { rowMac: order.rowMac, envelope: task?.sealedInput ?? null }
  const records = secret === undefined ? [sealed] : [sealed, secret]
  const quota = yield* projectQuotaWithKeys(dialect, records, 'orders')
  if (quota === 'keyGone') return 'keyGone'
  const limit = limitOf(quota.ofProject, defaultQuota)
  const reached = yield* quotaReached(dialect, 'orders', limit, order)
  if (reached !== undefined) return reached
  if (secret !== undefined) yield* insertSecretAmongOthers(secret)
  yield insertInto('orders', rowOfOrder(order))
  if (task !== undefined) {
    yield insertInto('order_tasks', {
      order_id: order.id,
      created_at: order.createdAt,
      attempts: 0,
      sealed_input: task.sealedInput,
    })
  }
  return 'placed'
}

export function* removeOrder(
  dialect: Dialect,
  id: OrderId,
  verifiedMac: Uint8Array,
  deletedAt: Timestamp,
): Statements<Changed> {
  const { rows } = yield {
    sql:
      'select orders.id, orders.project_id, orders.creator_id, orders.created_at, orders.row_mac ' +
      `from orders where orders.id = ?${dialect.forUpdate}`,
    params: [id],
  }
  const present = rows[0]
  if (present === undefined) return 'gone'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  yield tombstoneOf(dialect, 'order', present, deletedAt)
  yield deletionOfTask(id)
  yield { sql: 'delete from orders where orders.id = ?', params: [id] }
  return 'changed'
}
