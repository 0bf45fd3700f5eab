import type { ContainerId, OrderId, ProjectId, SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

export const ORDER_TYPES = ['key', 'asymmetric'] as const
export type OrderType = (typeof ORDER_TYPES)[number]

export type OrderStatus = 'PENDING' | 'ACTIVE' | 'ERROR'

/** An order with all that its row MAC covers (contract 05). */
export interface Order {
  readonly kind: 'order'
  readonly id: OrderId
  readonly projectId: ProjectId
  readonly type: OrderType
  /** Normalised input, echoed back on the wire; never holds a passphrase in clear. */
  readonly meta: Readonly<Record<string, unknown>>
  readonly status: OrderStatus
  readonly subStatus: string | null
  readonly subStatusMessage: string | null
  /** Text, such as "400": Go clients read a string. */
  readonly errorStatusCode: string | null
  readonly errorReason: string | null
  readonly creatorId: string | null
  readonly secretId: SecretId | null
  readonly containerId: ContainerId | null
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
