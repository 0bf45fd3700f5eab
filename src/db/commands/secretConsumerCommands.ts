import type { QuotaReached } from '../../domain/ports/changes.ts'
import type { ProjectId, SecretId } from '../../lib/ids.ts'
import type { SecretConsumer, SecretConsumerName } from '../../model/secretConsumer.ts'
import type { Dialect } from '../dialect.ts'
import { numberOrNull, projectIdIn, text } from '../rows/column.ts'
import { digestOfName, rowOfSecretConsumer } from '../rows/secretConsumerRow.ts'
import type { Statements } from '../statement.ts'
import { limitOf, quotaColumn, quotaReached } from './quotaReached.ts'

export function* addSecretConsumer(
  dialect: Dialect,
  consumer: SecretConsumer,
  defaultQuota?: number,
): Statements<'added' | 'present' | 'gone' | QuotaReached> {
  // Held for change: whoever deletes the secret looks for consumers under the same lock.
  const { rows } = yield {
    sql: `select ${quotaColumn('consumers')} from secrets where secrets.id = ?${dialect.forUpdate}`,
    params: [consumer.projectId, consumer.secretId],
  }
  if (rows[0] === undefined) return 'gone'
  const limit = limitOf(numberOrNull(rows[0], 'quota'), defaultQuota)
  if (limit >= 0 && !(yield* isRegistered(consumer))) {
    const reached = yield* quotaReached(dialect, 'secretConsumers', limit, consumer)
    if (reached !== undefined) return reached
  }
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

/** Saying it again needs no room. The secret is locked: none comes in between. */
function* isRegistered(consumer: SecretConsumer): Statements<boolean> {
  const { rows } = yield {
    sql:
      'select secret_consumers.id from secret_consumers ' +
      'where secret_consumers.secret_id = ? and secret_consumers.digest = ?',
    params: [consumer.secretId, digestOfName(consumer)],
  }
  return rows.length > 0
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
