import type { ProjectId, SecretId } from '../../lib/ids.ts'
import type { SecretConsumer, SecretConsumerName } from '../../model/secretConsumer.ts'
import type { Dialect } from '../dialect.ts'
import { projectIdIn, text } from '../rows/column.ts'
import { digestOfName, rowOfSecretConsumer } from '../rows/secretConsumerRow.ts'
import type { Statements } from '../statement.ts'

export function* addSecretConsumer(
  dialect: Dialect,
  consumer: SecretConsumer,
): Statements<'added' | 'present' | 'gone'> {
  // Held for change: whoever deletes the secret looks for consumers under the same lock.
  const { rows } = yield {
    sql: `select secrets.id from secrets where secrets.id = ?${dialect.forUpdate}`,
    params: [consumer.secretId],
  }
  if (rows.length === 0) return 'gone'
  const row = rowOfSecretConsumer(consumer)
  const { changes } = yield {
    sql: dialect.insertOrKeep('secret_consumers', Object.keys(row)),
    params: Object.values(row),
  }
  if (changes === 0) return 'present'
  yield {
    sql: 'update secrets set updated_at = ? where secrets.id = ?',
    params: [consumer.createdAt, consumer.secretId],
  }
  return 'added'
}

export function* removeSecretConsumer(
  dialect: Dialect,
  id: SecretId,
  name: SecretConsumerName,
  by: ProjectId | undefined,
): Statements<'removed' | 'absent' | 'foreign'> {
  const { rows } = yield {
    sql:
      'select secret_consumers.id, secret_consumers.project_id from secret_consumers ' +
      `where secret_consumers.secret_id = ? and secret_consumers.digest = ?${dialect.forUpdate}`,
    params: [id, digestOfName(name)],
  }
  const [present] = rows
  if (present === undefined) return 'absent'
  if (by !== undefined && projectIdIn(present) !== by) return 'foreign'
  yield {
    sql: 'delete from secret_consumers where secret_consumers.id = ?',
    params: [text(present, 'id')],
  }
  return 'removed'
}
