import type { Lease } from '../../domain/ports/projectDeletions.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Dialect } from '../dialect.ts'
import { text, timeOrNull } from '../rows/column.ts'
import type { Statements } from '../statement.ts'
import { rowOfProject } from './projectDeletionCommands.ts'

export function* claimKeystonePoll(
  dialect: Dialect,
  { owner, now, until }: Lease,
  dueBefore: Timestamp,
): Statements<boolean> {
  yield { sql: dialect.insertOrKeep('keystone_polls', ['singleton']), params: [1] }
  const { changes } = yield {
    sql:
      'update keystone_polls set lease_owner = ?, lease_until = ? where keystone_polls.singleton = 1 ' +
      // Whoever holds it takes it again, for longer.
      'and (keystone_polls.lease_until is null or keystone_polls.lease_until <= ? ' +
      'or keystone_polls.lease_owner = ?) and (keystone_polls.finished_at is null or keystone_polls.finished_at <= ?)',
    params: [owner, until, now, owner, dueBefore],
  }
  return changes > 0
}

export function* endKeystonePoll(
  _dialect: Dialect,
  { owner, now }: Lease,
  isComplete: boolean,
): Statements<void> {
  yield {
    sql:
      `update keystone_polls set lease_owner = null, lease_until = null${isComplete ? ', finished_at = ?' : ''} ` +
      'where keystone_polls.singleton = 1 and keystone_polls.lease_owner = ?',
    params: isComplete ? [now, owner] : [owner],
  }
}

export function* markProjectMissing(
  dialect: Dialect,
  projectId: ProjectId,
  now: Timestamp,
): Statements<Timestamp | undefined> {
  yield rowOfProject(dialect, projectId)
  yield {
    sql:
      "update projects set state = 'missing', missing_since = ? " +
      "where projects.project_id = ? and projects.state = 'live'",
    params: [now, projectId],
  }
  const { rows } = yield {
    sql: 'select projects.state, projects.missing_since from projects where projects.project_id = ?',
    params: [projectId],
  }
  const row = rows[0]
  if (row === undefined || text(row, 'state') !== 'missing') return undefined
  return timeOrNull(row, 'missing_since') ?? undefined
}

export function* markProjectPresent(_dialect: Dialect, projectId: ProjectId): Statements<void> {
  yield {
    sql:
      "update projects set state = 'live', missing_since = null " +
      "where projects.project_id = ? and projects.state = 'missing'",
    params: [projectId],
  }
}
