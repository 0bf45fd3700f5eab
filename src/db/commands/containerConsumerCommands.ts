import type { QuotaReached } from '../../domain/ports/changes.ts'
import type { ContainerId, ProjectId } from '../../lib/ids.ts'
import type { ConsumerName, ContainerConsumer } from '../../model/containerConsumer.ts'
import type { Dialect } from '../dialect.ts'
import { numberOrNull, projectIdIn, text } from '../rows/column.ts'
import { rowOfContainerConsumer } from '../rows/containerConsumerRow.ts'
import type { Statements } from '../statement.ts'
import { limitOf, quotaColumn, quotaReached } from './quotaReached.ts'

export function* addContainerConsumer(
  dialect: Dialect,
  consumer: ContainerConsumer,
  defaultQuota?: number,
): Statements<'added' | 'present' | 'gone' | QuotaReached> {
  const { rows } = yield {
    sql: `select ${quotaColumn('consumers')} from containers where containers.id = ?${dialect.forUpdate}`,
    params: [consumer.projectId, consumer.containerId],
  }
  if (rows[0] === undefined) return 'gone'
  const limit = limitOf(numberOrNull(rows[0], 'quota'), defaultQuota)
  if (limit >= 0 && !(yield* isRegistered(consumer))) {
    const reached = yield* quotaReached(dialect, 'containerConsumers', limit, consumer)
    if (reached !== undefined) return reached
  }
  const row = rowOfContainerConsumer(consumer)
  const { changes } = yield {
    sql: dialect.insertOrKeep('container_consumers', Object.keys(row)),
    params: Object.values(row),
  }
  if (changes === 0) return 'present'
  yield {
    sql: 'update containers set updated_at = ? where containers.id = ?',
    params: [consumer.updatedAt, consumer.containerId],
  }
  return 'added'
}

/** Saying it again needs no room. The container is locked: none comes in between. */
function* isRegistered({ containerId, name, url }: ContainerConsumer): Statements<boolean> {
  const { rows } = yield {
    sql:
      'select container_consumers.id from container_consumers where ' +
      'container_consumers.container_id = ? and container_consumers.name = ? ' +
      'and container_consumers.url = ?',
    params: [containerId, name, url],
  }
  return rows.length > 0
}

export function* removeContainerConsumer(
  dialect: Dialect,
  containerId: ContainerId,
  { name, url }: ConsumerName,
  by: ProjectId | undefined,
): Statements<'removed' | 'absent' | 'foreign'> {
  const { rows } = yield {
    sql:
      'select container_consumers.id, container_consumers.project_id from container_consumers ' +
      'where container_consumers.container_id = ? and container_consumers.name = ? ' +
      `and container_consumers.url = ?${dialect.forUpdate}`,
    params: [containerId, name, url],
  }
  if (rows[0] === undefined) return 'absent'
  if (by !== undefined && projectIdIn(rows[0]) !== by) return 'foreign'
  yield {
    sql: 'delete from container_consumers where container_consumers.id = ?',
    params: [text(rows[0], 'id')],
  }
  return 'removed'
}
