import type { ProjectQuotas } from '../../model/quota.ts'
import type { Row } from '../statement.ts'
import { numberOrNull, projectIdIn, time } from './column.ts'

export const QUOTA_COLUMNS = [
  'project_quotas.project_id',
  'project_quotas.secrets',
  'project_quotas.orders',
  'project_quotas.containers',
  'project_quotas.consumers',
  'project_quotas.cas',
  'project_quotas.created_at',
  'project_quotas.updated_at',
] as const

export function quotasOfRow(row: Row): ProjectQuotas {
  return {
    projectId: projectIdIn(row),
    quotas: {
      secrets: numberOrNull(row, 'secrets'),
      orders: numberOrNull(row, 'orders'),
      containers: numberOrNull(row, 'containers'),
      consumers: numberOrNull(row, 'consumers'),
      cas: numberOrNull(row, 'cas'),
    },
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}
