import type {
  DeletionSource,
  DeletionTask,
  HeldDeletion,
  Lease,
} from '../../domain/ports/projectDeletions.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Dialect } from '../dialect.ts'
import { projectIdIn, text } from '../rows/column.ts'
import type { Statement, Statements } from '../statement.ts'

/** Every table that says whose a row is. What has no row in any of them is no project of ours. */
const TABLES_OF_PROJECTS = [
  'project_keys',
  'secrets',
  'containers',
  'orders',
  'secret_consumers',
  'container_consumers',
  'project_quotas',
  'preferred_secret_stores',
  'certificate_facts',
]

/** At the time `?`, twice. */
export const IS_DUE =
  "projects.state in ('doomed', 'shredding') and projects.not_before <= ? " +
  'and projects.lease_owner is null and (projects.lease_until is null or projects.lease_until <= ?)'

export function* noteProjectDeletion(
  dialect: Dialect,
  projectId: ProjectId,
  { source, now, notBefore }: { source: DeletionSource; now: Timestamp; notBefore: Timestamp },
): Statements<'noted' | 'known' | 'unknown'> {
  if (!(yield* isAnythingThere(projectId))) return 'unknown'
  yield rowOfProject(dialect, projectId)
  // Shredded, and something is there again: a node that was late has written it. An operator need not
  // wait for what others noted, nor for Keystone.
  const states = source === 'operator' ? [...NOTABLE, 'doomed'] : NOTABLE
  const { changes } = yield {
    sql:
      "update projects set state = 'doomed', source = ?, noted_at = ?, not_before = ?, " +
      'finished_at = null, lease_owner = null, lease_until = null ' +
      `where projects.project_id = ? and projects.state in (${states.map(() => '?').join(', ')})`,
    params: [source, now, notBefore, projectId, ...states],
  }
  return changes > 0 ? 'noted' : 'known'
}

const NOTABLE = ['live', 'missing', 'shredded']

function* isAnythingThere(projectId: ProjectId): Statements<boolean> {
  for (const table of TABLES_OF_PROJECTS) {
    const { rows } = yield {
      sql: `select 1 as found from ${table} where ${table}.project_id = ? limit 1`,
      params: [projectId],
    }
    if (rows.length > 0) return true
  }
  return false
}

/** There is one from now on; a new one is live. */
export function rowOfProject(dialect: Dialect, projectId: ProjectId): Statement {
  return {
    sql: dialect.insertOrKeep('projects', ['project_id', 'state', 'first_keys']),
    params: [projectId, 'live', 0],
  }
}

export function* keepProject(
  _dialect: Dialect,
  projectId: ProjectId,
): Statements<'kept' | 'tooLate' | 'unknown'> {
  const kept = yield {
    sql:
      "update projects set state = 'live', source = null, missing_since = null, noted_at = null, " +
      'not_before = null, finished_at = null, lease_owner = null, lease_until = null ' +
      "where projects.project_id = ? and projects.state in ('missing', 'doomed', 'shredded')",
    params: [projectId],
  }
  if (kept.changes > 0) return 'kept'
  const { rows } = yield {
    sql: "select 1 as found from projects where projects.project_id = ? and projects.state = 'shredding'",
    params: [projectId],
  }
  return rows.length > 0 ? 'tooLate' : 'unknown'
}

export function* claimProjectDeletion(
  dialect: Dialect,
  { owner, now, until }: Lease,
  projectId?: ProjectId,
): Statements<DeletionTask | undefined> {
  const isThis = projectId === undefined ? '' : ' and projects.project_id = ?'
  const { rows } = yield {
    sql:
      'select projects.project_id, projects.state, projects.source from projects ' +
      `where ${IS_DUE}${isThis} order by projects.not_before, projects.project_id limit 1${dialect.forUpdateOfFree}`,
    params: projectId === undefined ? [now, now] : [now, now, projectId],
  }
  const due = rows[0]
  if (due === undefined) return undefined
  const task: DeletionTask = {
    projectId: projectIdIn(due),
    state: text(due, 'state') as DeletionTask['state'],
    source: text(due, 'source') as DeletionSource,
  }
  yield {
    sql: 'update projects set lease_owner = ?, lease_until = ? where projects.project_id = ?',
    params: [owner, until, task.projectId],
  }
  return task
}

export function* deferProjectDeletion(
  _dialect: Dialect,
  projectId: ProjectId,
  { owner, until }: Lease,
): Statements<void> {
  yield {
    sql:
      'update projects set lease_owner = null, lease_until = ? ' +
      'where projects.project_id = ? and projects.lease_owner = ?',
    params: [until, projectId, owner],
  }
}

/** Whoever goes on with it, or takes it, meanwhile changes the same row, and is not disturbed. */
export function* freeProjectDeletion(
  _dialect: Dialect,
  { projectId, owner, until }: HeldDeletion,
): Statements<void> {
  const isAsSeen = 'projects.project_id = ? and projects.lease_until = ? and projects.lease_owner'
  yield {
    sql:
      'update projects set lease_owner = null, lease_until = null ' +
      `where ${isAsSeen} ${owner === null ? 'is null' : '= ?'}`,
    params: owner === null ? [projectId, until] : [projectId, until, owner],
  }
}

export function* releaseProjectDeletionsOf(_dialect: Dialect, owner: string): Statements<void> {
  yield {
    sql:
      'update projects set lease_owner = null, lease_until = null ' +
      'where projects.lease_owner = ?',
    params: [owner],
  }
}
