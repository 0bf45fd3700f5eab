import type { Timestamp } from '../../lib/timestamp.ts'
import type { ProtectedRecord } from '../../model/record.ts'
import type { Dialect } from '../dialect.ts'
import { bytesOrNull, projectIdIn, text, textOrNull } from '../rows/column.ts'
import type { Row, Statement } from '../statement.ts'

/** Does the row still carry the MAC that the caller verified? Both are public: no secret to time. */
export function isStillTheSame(row: Row, verifiedMac: Uint8Array): boolean {
  const present = bytesOrNull(row, 'row_mac')
  return present !== null && Buffer.compare(present, verifiedMac) === 0
}

/**
 * What remains of a deleted record. One that came back by hand (a restored row) and is deleted again
 * finds its tombstone there and keeps it.
 */
export function tombstoneOf(
  dialect: Dialect,
  kind: ProtectedRecord['kind'],
  row: Row,
  deletedAt: Timestamp,
): Statement {
  const columns = ['kind', 'id', 'project_id', 'creator_id', 'created_at', 'deleted_at']
  return {
    sql: dialect.insertOrKeep('tombstones', columns),
    params: [
      kind,
      text(row, 'id'),
      projectIdIn(row),
      textOrNull(row, 'creator_id'),
      text(row, 'created_at'),
      deletedAt,
    ],
  }
}
