import { z } from 'zod'
import { wireTime } from '../../lib/timestamp.ts'
import { ORDER_TYPES, type Order } from '../../model/order.ts'
import { containerRef } from './container.ts'
import { secretRef } from './secret.ts'
import { timeShown } from './timeShown.ts'

export const orderShown = z
  .object({
    created: timeShown,
    updated: timeShown,
    status: z.enum(['PENDING', 'ACTIVE', 'ERROR']),
    type: z.enum(ORDER_TYPES),
    meta: z
      .looseObject({})
      .describe('As it was sent, with name and expiration; `********` stands for a passphrase.'),
    error_status_code: z.string().optional().describe('Why it is ERROR, as an HTTP status.'),
    error_reason: z.string().optional(),
    sub_status: z.string().optional(),
    sub_status_message: z.string().optional(),
    creator_id: z.string().optional().describe('The user who placed it.'),
    secret_ref: z.url().optional().describe('The key, of an ACTIVE order of type key.'),
    order_ref: z.url(),
    container_ref: z
      .url()
      .optional()
      .describe('The container of the pair, of an ACTIVE order of type asymmetric.'),
  })
  .meta({ id: 'Order' })

export const orderRefShown = z.object({ order_ref: z.url() }).meta({ id: 'OrderRef' })

/** Order and presence of keys as contract 05 lists them. */
export function renderOrder(order: Order, base: string): object {
  return {
    created: wireTime(order.createdAt),
    updated: wireTime(order.updatedAt),
    status: order.status,
    type: order.type,
    meta: order.meta,
    ...whenSet('error_status_code', order.errorStatusCode),
    ...whenSet('error_reason', order.errorReason),
    ...whenSet('sub_status', order.subStatus),
    ...whenSet('sub_status_message', order.subStatusMessage),
    ...whenSet('creator_id', order.creatorId),
    ...(order.secretId === null ? {} : { secret_ref: secretRef(base, order.secretId) }),
    order_ref: orderRef(base, order.id),
    ...(order.containerId === null ? {} : { container_ref: containerRef(base, order.containerId) }),
  }
}

export function orderRef(base: string, id: string): string {
  return `${base}/v1/orders/${id}`
}

function whenSet(key: string, value: string | null): object {
  return value === null ? {} : { [key]: value }
}
