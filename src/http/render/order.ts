import { wireTime } from '../../lib/timestamp.ts'
import type { Order } from '../../model/order.ts'
import { containerRef } from './container.ts'
import { secretRef } from './secret.ts'

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
