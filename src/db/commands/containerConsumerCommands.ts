import type { ContainerId, ProjectId } from '../../lib/ids.ts'
import type { ConsumerName, ContainerConsumer } from '../../model/containerConsumer.ts'
import type { Dialect } from '../dialect.ts'
import { projectIdIn, text } from '../rows/column.ts'
import { rowOfContainerConsumer } from '../rows/containerConsumerRow.ts'
import type { Statements } from '../statement.ts'

export function* addContainerConsumer(
  dialect: Dialect,
  consumer: ContainerConsumer,
): Statements<'added' | 'present' | 'gone'> {
  const { rows } = yield {
    sql: `select containers.id from containers where containers.id = ?${dialect.forUpdate}`,
    params: [consumer.containerId],
  }
  if (rows.length === 0) return 'gone'
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
