import type { ContainerId, OrderId, SecretId } from '../../lib/ids.ts'
import type { Order, OrderStatus, OrderType } from '../../model/order.ts'
import type { Stored } from '../../model/record.ts'
import type { Row, SqlValue } from '../statement.ts'
import { bytesOrNull, projectIdIn, text, textOrNull, time } from './column.ts'

export const ORDER_COLUMNS = [
  'orders.id',
  'orders.project_id',
  'orders.order_type',
  'orders.status',
  'orders.sub_status',
  'orders.sub_status_message',
  'orders.error_status_code',
  'orders.error_reason',
  'orders.creator_id',
  'orders.secret_id',
  'orders.container_id',
  'orders.created_at',
  'orders.updated_at',
  'orders.row_mac',
  'orders.meta',
] as const

export function orderOfRow(row: Row): Stored<Order> {
  return {
    kind: 'order',
    id: text(row, 'id') as OrderId,
    projectId: projectIdIn(row),
    type: text(row, 'order_type') as OrderType,
    meta: JSON.parse(text(row, 'meta')) as Readonly<Record<string, unknown>>,
    status: text(row, 'status') as OrderStatus,
    subStatus: textOrNull(row, 'sub_status'),
    subStatusMessage: textOrNull(row, 'sub_status_message'),
    errorStatusCode: textOrNull(row, 'error_status_code'),
    errorReason: textOrNull(row, 'error_reason'),
    creatorId: textOrNull(row, 'creator_id'),
    secretId: textOrNull(row, 'secret_id') as SecretId | null,
    containerId: textOrNull(row, 'container_id') as ContainerId | null,
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
    rowMac: bytesOrNull(row, 'row_mac'),
  }
}

export function rowOfOrder(order: Stored<Order>): Readonly<Record<string, SqlValue>> {
  return {
    id: order.id,
    project_id: order.projectId,
    order_type: order.type,
    status: order.status,
    sub_status: order.subStatus,
    sub_status_message: order.subStatusMessage,
    error_status_code: order.errorStatusCode,
    error_reason: order.errorReason,
    creator_id: order.creatorId,
    secret_id: order.secretId,
    container_id: order.containerId,
    created_at: order.createdAt,
    updated_at: order.updatedAt,
    row_mac: order.rowMac,
    meta: JSON.stringify(order.meta),
  }
}
