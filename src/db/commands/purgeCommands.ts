import type { SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Dialect } from '../dialect.ts'
import { text } from '../rows/column.ts'
import type { Statements } from '../statement.ts'
import { removeSecret } from './secretCommands.ts'

/** What went or changed meanwhile is somebody else's. */
export function* removeSecrets(
  dialect: Dialect,
  secrets: readonly { readonly id: SecretId; readonly rowMac: Uint8Array }[],
  deletedAt: Timestamp,
): Statements<number> {
  let removed = 0
  for (const { id, rowMac } of secrets) {
    // Consumers of what has expired hold nobody up: they cannot read it any more.
    const outcome = yield* removeSecret(dialect, id, rowMac, deletedAt, 'remove')
    if (outcome === 'changed') removed += 1
  }
  return removed
}

export function* removeTombstones(
  dialect: Dialect,
  before: Timestamp,
  limit: number,
): Statements<number> {
  const { rows } = yield {
    sql:
      'select tombstones.kind, tombstones.id from tombstones where tombstones.deleted_at <= ? ' +
      `order by tombstones.deleted_at limit ?${dialect.forUpdate}`,
    params: [before, limit],
  }
  for (const row of rows) {
    yield {
      sql: 'delete from tombstones where tombstones.kind = ? and tombstones.id = ?',
      params: [text(row, 'kind'), text(row, 'id')],
    }
  }
  return rows.length
}
