import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import { QUOTA_RESOURCES, type QuotaResource } from '../../model/quota.ts'
import type { Dialect } from '../dialect.ts'
import type { Statements } from '../statement.ts'

export function* setProjectQuotas(
  dialect: Dialect,
  projectId: ProjectId,
  given: Readonly<Partial<Record<QuotaResource, number>>>,
  now: Timestamp,
): Statements<void> {
  yield {
    sql: dialect.insertOrKeep('project_quotas', ['project_id', 'created_at', 'updated_at']),
    params: [projectId, now, now],
  }
  for (const resource of QUOTA_RESOURCES) {
    const quota = given[resource]
    if (quota === undefined) continue
    yield {
      sql: `update project_quotas set ${resource} = ?, updated_at = ? where project_quotas.project_id = ?`,
      params: [quota, now, projectId],
    }
  }
}

export function* removeProjectQuotas(
  _dialect: Dialect,
  projectId: ProjectId,
): Statements<'changed' | 'gone'> {
  const { changes } = yield {
    sql: 'delete from project_quotas where project_quotas.project_id = ?',
    params: [projectId],
  }
  return changes === 0 ? 'gone' : 'changed'
}
