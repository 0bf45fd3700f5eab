import type { SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Dialect } from '../dialect.ts'
import { text } from '../rows/column.ts'
import type { Row, Statement, Statements } from '../statement.ts'
import { isStillTheSame } from './protectedRow.ts'
import { HANGS_ON_SECRETS } from './secretCommands.ts'

/**
 * What went or changed meanwhile is somebody else's. As many statements for a batch as for one: on a server
 * each is a round trip, and the locks are held for all of them.
 */
export function* removeSecrets(
  dialect: Dialect,
  secrets: readonly { readonly id: SecretId; readonly rowMac: Uint8Array }[],
  deletedAt: Timestamp,
): Statements<number> {
  if (secrets.length === 0) return 0
  const macs = new Map<string, Uint8Array>(secrets.map(({ id, rowMac }) => [id, rowMac]))
  const { rows } = yield {
    // In the order of ids: two that want some of the same wait for each other, and do not deadlock.
    sql:
      `select secrets.id, secrets.row_mac from secrets where secrets.id in (${marks(secrets)}) ` +
      `order by secrets.id${dialect.forUpdate}`,
    params: [...macs.keys()].toSorted(),
  }
  const ids = rows.filter((row) => isTheVerified(row, macs)).map((row) => text(row, 'id'))
  if (ids.length === 0) return 0
  yield tombstonesOfSecrets(dialect, ids, deletedAt)
  // Consumers of what has expired hold nobody up: they cannot read it any more.
  for (const table of HANGS_ON_SECRETS) {
    yield { sql: `delete from ${table} where ${table}.secret_id in (${marks(ids)})`, params: ids }
  }
  yield { sql: `delete from secrets where secrets.id in (${marks(ids)})`, params: ids }
  return ids.length
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
  for (const [kind, ids] of Map.groupBy(rows, (row) => text(row, 'kind'))) {
    yield {
      sql: `delete from tombstones where tombstones.kind = ? and tombstones.id in (${marks(ids)})`,
      params: [kind, ...ids.map((row) => text(row, 'id'))],
    }
  }
  return rows.length
}

function isTheVerified(row: Row, macs: ReadonlyMap<string, Uint8Array>): boolean {
  const mac = macs.get(text(row, 'id'))
  return mac !== undefined && isStillTheSame(row, mac)
}

/** As `tombstoneOf`, of rows that are locked; a tombstone that is there already stays as it is. */
function tombstonesOfSecrets(
  dialect: Dialect,
  ids: readonly string[],
  deletedAt: Timestamp,
): Statement {
  const value = dialect.placeholder('text')
  return {
    sql:
      'insert into tombstones (kind, id, project_id, creator_id, created_at, deleted_at) ' +
      `select ${value}, secrets.id, secrets.project_id, secrets.creator_id, secrets.created_at, ${value} ` +
      `from secrets where secrets.id in (${marks(ids)}) and not exists (select 1 from tombstones ` +
      'where tombstones.kind = ? and tombstones.id = secrets.id)',
    params: ['secret', deletedAt, ...ids, 'secret'],
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
