import type { Lease, Shredded } from '../../domain/ports/projectDeletions.ts'
import type { DestroyedKey } from '../../domain/ports/shredReports.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import { UnorderedDigest } from '../../lib/unorderedDigest.ts'
import type { Dialect } from '../dialect.ts'
import { bytes, textOrNull } from '../rows/column.ts'
import { destroyedKeysIn, rowOfDestroyedKeys } from '../rows/shredReportRow.ts'
import type { Statements } from '../statement.ts'

const IS_OPEN = 'shred_reports.project_id = ? and shred_reports.finished_at is null'

/** The caller holds the project's row: there is one report of it at a time that is not whole. */
export function* openShredReport(projectId: ProjectId, { now }: Lease): Statements<void> {
  const { rows } = yield {
    sql: `select 1 as found from shred_reports where ${IS_OPEN}`,
    params: [projectId],
  }
  if (rows.length > 0) return
  const noted = yield {
    sql: 'select projects.source, projects.noted_at from projects where projects.project_id = ?',
    params: [projectId],
  }
  const [project] = noted.rows
  yield {
    sql:
      'insert into shred_reports (project_id, started_at, source, noted_at, destroyed_keys, secrets, ' +
      'containers, orders, consumers, secret_ids_digest) values (?, ?, ?, ?, ?, 0, 0, 0, 0, ?)',
    params: [
      projectId,
      now,
      project === undefined ? null : textOrNull(project, 'source'),
      project === undefined ? null : textOrNull(project, 'noted_at'),
      rowOfDestroyedKeys([]),
      new UnorderedDigest().value(),
    ],
  }
}

export function* reportDestroyedKeys(
  projectId: ProjectId,
  keys: readonly DestroyedKey[],
): Statements<void> {
  const { rows } = yield {
    sql: `select shred_reports.destroyed_keys from shred_reports where ${IS_OPEN}`,
    params: [projectId],
  }
  const [row] = rows
  const before = row === undefined ? [] : destroyedKeysIn(row)
  yield {
    sql: `update shred_reports set destroyed_keys = ? where ${IS_OPEN}`,
    params: [rowOfDestroyedKeys([...before, ...keys]), projectId],
  }
}

export function* reportRemoved(
  projectId: ProjectId,
  removed: Omit<Shredded, 'keys'>,
  secretIds: readonly string[],
): Statements<void> {
  const { rows } = yield {
    sql: `select shred_reports.secret_ids_digest from shred_reports where ${IS_OPEN}`,
    params: [projectId],
  }
  const [row] = rows
  const digest = new UnorderedDigest(row && bytes(row, 'secret_ids_digest'))
  for (const id of secretIds) digest.add(Buffer.from(id, 'latin1'))
  yield {
    sql:
      'update shred_reports set secrets = secrets + ?, containers = containers + ?, orders = orders + ?, ' +
      `consumers = consumers + ?, secret_ids_digest = ? where ${IS_OPEN}`,
    params: [
      removed.secrets,
      removed.containers,
      removed.orders,
      removed.consumers,
      digest.value(),
      projectId,
    ],
  }
}

export function* closeShredReport(projectId: ProjectId, { now }: Lease): Statements<void> {
  yield {
    sql: `update shred_reports set finished_at = ? where ${IS_OPEN}`,
    params: [now, projectId],
  }
}

export function* signShredReport(
  _dialect: Dialect,
  projectId: ProjectId,
  keysDestroyedAt: Timestamp,
  report: Uint8Array,
): Statements<boolean> {
  const { changes } = yield {
    sql:
      'update shred_reports set report = ? where shred_reports.project_id = ? and ' +
      'shred_reports.started_at = ? and shred_reports.finished_at is not null and shred_reports.report is null',
    params: [report, projectId, keysDestroyedAt],
  }
  return changes > 0
}
