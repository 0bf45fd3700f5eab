import type { Timestamp } from '../../lib/timestamp.ts'
import type { ProtectedRecord } from '../../model/record.ts'
import { bytesOrNull, projectIdIn, text, textOrNull } from '../rows/column.ts'
import type { Row, SqlValue } from '../statement.ts'

/** Does the row still carry the MAC that the caller verified? Both are public: no secret to time. */
export function isStillTheSame(row: Row, verifiedMac: Uint8Array): boolean {
  const present = bytesOrNull(row, 'row_mac')
  return present !== null && Buffer.compare(present, verifiedMac) === 0
}

export function tombstoneOf(
  kind: ProtectedRecord['kind'],
  row: Row,
  deletedAt: Timestamp,
): Readonly<Record<string, SqlValue>> {
  return {
    kind,
    id: text(row, 'id'),
    project_id: projectIdIn(row),
    creator_id: textOrNull(row, 'creator_id'),
    created_at: text(row, 'created_at'),
    deleted_at: deletedAt,
  }
}
