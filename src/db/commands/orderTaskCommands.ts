import type {
  LeasedTask,
  MadeKeyPair,
  OrderTask,
  Settled,
} from '../../domain/ports/orderRepositories.ts'
import type { OrderId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Order } from '../../model/order.ts'
import type { Stored } from '../../model/record.ts'
import type { Dialect } from '../dialect.ts'
import { text } from '../rows/column.ts'
import type { Statement, Statements } from '../statement.ts'
import { insertContainer } from './containerCommands.ts'
import { projectKeysInUse } from './projectKeysInUse.ts'
import { isStillTheSame } from './protectedRow.ts'
import { insertSecretAmongOthers } from './secretCommands.ts'

export function* claimOrderTask(
  dialect: Dialect,
  owner: string,
  now: Timestamp,
  until: Timestamp,
): Statements<OrderTask | undefined> {
  const { rows } = yield {
    sql:
      'select order_tasks.order_id, order_tasks.attempts, order_tasks.sealed_input from order_tasks ' +
      'where order_tasks.lease_until is null ' +
      'or (order_tasks.lease_owner is null and order_tasks.lease_until <= ?) ' +
      `order by order_tasks.created_at, order_tasks.order_id limit 1${dialect.forUpdateOfFree}`,
    params: [now],
  }
  const free = rows[0]
  if (free === undefined) return undefined
  const { attempts, sealed_input: input } = free
  const task = {
    orderId: text(free, 'order_id') as OrderId,
    // A row written by hand must not hold up the queue: what is no input is missed by whoever needs it.
    cost: typeof attempts === 'number' ? attempts + 1 : 1,
    sealedInput: input instanceof Uint8Array ? input : null,
  }
  yield {
    sql:
      'update order_tasks set lease_owner = ?, lease_until = ?, attempts = ? ' +
      'where order_tasks.order_id = ?',
    params: [owner, until, task.cost, task.orderId],
  }
  return task
}

export function* renewOrderLease(
  _dialect: Dialect,
  orderId: OrderId,
  owner: string,
  until: Timestamp,
): Statements<boolean> {
  const { changes } = yield {
    sql:
      'update order_tasks set lease_until = ? ' +
      'where order_tasks.order_id = ? and order_tasks.lease_owner = ?',
    params: [until, orderId, owner],
  }
  return changes > 0
}

export function* releaseOrderTask(
  _dialect: Dialect,
  task: Pick<OrderTask, 'orderId' | 'cost'>,
  owner: string,
  notBefore: Timestamp,
): Statements<void> {
  yield {
    sql:
      'update order_tasks set lease_owner = null, lease_until = ?, attempts = ? ' +
      'where order_tasks.order_id = ? and order_tasks.lease_owner = ?',
    params: [notBefore, task.cost, task.orderId, owner],
  }
}

export function* releaseOrderTasksOf(_dialect: Dialect, owner: string): Statements<void> {
  yield {
    sql:
      'update order_tasks set lease_owner = null, lease_until = null ' +
      'where order_tasks.lease_owner = ?',
    params: [owner],
  }
}

/** Whoever renews it, or takes it, meanwhile changes the same row, and is not disturbed. */
export function* freeOrderTask(
  _dialect: Dialect,
  { orderId, owner, until }: LeasedTask,
): Statements<void> {
  const isAsSeen =
    'order_tasks.order_id = ? and order_tasks.lease_until = ? and order_tasks.lease_owner'
  yield {
    sql:
      'update order_tasks set lease_owner = null, lease_until = null ' +
      `where ${isAsSeen} ${owner === null ? 'is null' : '= ?'}`,
    params: owner === null ? [orderId, until] : [orderId, until, owner],
  }
}

/** The order's row is locked ahead of its task's, as whoever removes the order does. */
export function* settleOrder(
  dialect: Dialect,
  owner: string,
  verifiedMac: Uint8Array,
  order: Stored<Order>,
  made: MadeKeyPair | undefined,
): Statements<Settled> {
  const { rows } = yield {
    sql: `select orders.row_mac from orders where orders.id = ?${dialect.forUpdate}`,
    params: [order.id],
  }
  const present = rows[0]
  if (present === undefined) return 'lost'
  const held = yield {
    sql:
      'select order_tasks.order_id from order_tasks ' +
      `where order_tasks.order_id = ? and order_tasks.lease_owner = ?${dialect.forUpdate}`,
    params: [order.id, owner],
  }
  if (held.rows.length === 0) return 'lost'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  const written = made === undefined ? [order] : [order, made.container, ...made.secrets]
  // Asked for all of them ahead of the first write, so there is nothing to take back.
  if (!(yield* projectKeysInUse(dialect, written))) return 'keyGone'
  if (made !== undefined) yield* insertKeyPair(dialect, made, order.createdAt)
  yield updateOfOrder(order)
  yield deletionOfTask(order.id)
  return 'settled'
}

function* insertKeyPair(
  dialect: Dialect,
  made: MadeKeyPair,
  orderedAt: Timestamp,
): Statements<void> {
  for (const secret of made.secrets) {
    yield* insertSecretAmongOthers(secret, made.facts.get(secret.id))
  }
  // A pair that expired while its order waited is made all the same, as it was ordered.
  const outcome = yield* insertContainer(dialect, made.container, orderedAt)
  if (outcome !== 'inserted') throw new Error(`The container of a key pair met ${outcome}.`)
}

function updateOfOrder(order: Stored<Order>): Statement {
  return {
    sql:
      'update orders set status = ?, sub_status = ?, sub_status_message = ?, error_status_code = ?, ' +
      'error_reason = ?, container_id = ?, updated_at = ?, row_mac = ? where orders.id = ?',
    params: [
      order.status,
      order.subStatus,
      order.subStatusMessage,
      order.errorStatusCode,
      order.errorReason,
      order.containerId,
      order.updatedAt,
      order.rowMac,
      order.id,
    ],
  }
}

export function deletionOfTask(orderId: OrderId): Statement {
  return { sql: 'delete from order_tasks where order_tasks.order_id = ?', params: [orderId] }
}
