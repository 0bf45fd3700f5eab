import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'

/** What is counted, in the order of the wire. `cas` is kept because clients print it; nothing counts them (contract 11). */
export const QUOTA_RESOURCES = ['secrets', 'orders', 'containers', 'consumers', 'cas'] as const
export type QuotaResource = (typeof QUOTA_RESOURCES)[number]

/** How many there may be of each; negative: no limit. */
export type Quotas = Readonly<Record<QuotaResource, number>>

/** What was set for one project; null: not set, the configured default counts. */
export interface ProjectQuotas {
  readonly projectId: ProjectId
  readonly quotas: Readonly<Record<QuotaResource, number | null>>
  readonly createdAt: Timestamp
  readonly updatedAt: Timestamp
}
