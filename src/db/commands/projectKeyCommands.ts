import type { ProjectKeyRow } from '../../domain/ports/keyRepositories.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { Dialect } from '../dialect.ts'
import { number } from '../rows/column.ts'
import { PROJECT_KEY_COLUMNS, projectKeyOfRow, rowOfProjectKey } from '../rows/projectKeyRow.ts'
import type { Statements } from '../statement.ts'
import { rowOfProject } from './projectDeletionCommands.ts'

export const ACTIVE_PROJECT_KEY =
  `select ${PROJECT_KEY_COLUMNS.join(', ')} from project_keys ` +
  "where project_keys.project_id = ? and project_keys.store = ? and project_keys.state = 'active'"

export function* activateProjectKey(
  dialect: Dialect,
  row: ProjectKeyRow,
): Statements<ProjectKeyRow | 'orphans' | 'deleted' | { readonly nextTerm: number }> {
  const latest = yield* lockLatestTerm(dialect, row)
  if (latest.isDestroyed && (yield* isShredded(row.projectId))) return 'deleted'
  if (latest.term < row.term) {
    if (row.term === 1 && (yield* lostItsKey(row.projectId))) return 'orphans'
    const isFirst = row.term === 1 || latest.isDestroyed
    if (isFirst && !(yield* mayHaveKeys(dialect, row.projectId))) return 'deleted'
    yield* makeActive(dialect, row)
  }
  const active = yield* activeKey(dialect, row)
  // The project was moved away from this store, and comes back.
  return active ?? { nextTerm: latest.term + 1 }
}

/** A term on its way out says so of its project, or only that rotation is done with it. */
function* isShredded(projectId: ProjectId): Statements<boolean> {
  const { rows } = yield {
    sql:
      'select projects.state from projects where projects.project_id = ? ' +
      "and projects.state in ('shredding', 'shredded')",
    params: [projectId],
  }
  return rows.length > 0
}

/** Whoever destroys the keys of a deleted project changes the rows of all terms, or this one. */
function* mayHaveKeys(dialect: Dialect, projectId: ProjectId): Statements<boolean> {
  yield rowOfProject(dialect, projectId)
  const { changes } = yield {
    sql:
      'update projects set first_keys = first_keys + 1 where projects.project_id = ? ' +
      "and projects.state in ('live', 'missing', 'doomed')",
    params: [projectId],
  }
  return changes > 0
}

interface LatestTerm {
  /** 0: there is none. */
  readonly term: number
  readonly isDestroyed: boolean
}

function* lockLatestTerm(dialect: Dialect, row: ProjectKeyRow): Statements<LatestTerm> {
  const { rows } = yield {
    sql:
      'select project_keys.term, project_keys.state from project_keys ' +
      'where project_keys.project_id = ? and project_keys.store = ? ' +
      `order by project_keys.term desc limit 1${dialect.forUpdate}`,
    params: [row.projectId, row.store],
  }
  if (rows[0] === undefined) return { term: 0, isDestroyed: false }
  return { term: number(rows[0], 'term'), isDestroyed: rows[0]['state'] === 'destroying' }
}

/** Records and no key at all. A key in another store is none lost: the project prefers this one since. */
function* lostItsKey(projectId: ProjectId): Statements<boolean> {
  const keys = yield {
    sql: 'select project_keys.id from project_keys where project_keys.project_id = ? limit 1',
    params: [projectId],
  }
  if (keys.rows.length > 0) return false
  for (const table of ['secrets', 'containers', 'orders']) {
    const { rows } = yield {
      sql: `select ${table}.id from ${table} where ${table}.project_id = ? limit 1`,
      params: [projectId],
    }
    if (rows.length > 0) return true
  }
  return false
}

function* makeActive(dialect: Dialect, row: ProjectKeyRow): Statements<void> {
  const inserted = rowOfProjectKey({ ...row, state: 'active' })
  const { changes } = yield {
    sql: dialect.insertOrKeep('project_keys', Object.keys(inserted)),
    params: Object.values(inserted),
  }
  // None: another node made this term between our look and our insert, and its key is in force.
  if (changes === 0) return
  yield {
    sql:
      "update project_keys set state = 'decrypt-only' where project_keys.project_id = ? " +
      "and project_keys.store = ? and project_keys.state = 'active' and project_keys.term < ?",
    params: [row.projectId, row.store, row.term],
  }
}

function* activeKey(dialect: Dialect, row: ProjectKeyRow): Statements<ProjectKeyRow | undefined> {
  const { rows } = yield {
    sql: `${ACTIVE_PROJECT_KEY}${dialect.forShare}`,
    params: [row.projectId, row.store],
  }
  return rows[0] && projectKeyOfRow(rows[0])
}

export function* reserveDataKeyWraps(
  dialect: Dialect,
  id: ProjectKeyId,
  count: number,
): Statements<number> {
  const { rows } = yield {
    sql: `select project_keys.wraps_reserved from project_keys where project_keys.id = ?${dialect.forUpdate}`,
    params: [id],
  }
  if (rows[0] === undefined) throw new Error('The project key whose wraps are reserved is gone.')
  yield {
    sql: 'update project_keys set wraps_reserved = wraps_reserved + ? where project_keys.id = ?',
    params: [count, id],
  }
  return number(rows[0], 'wraps_reserved')
}
