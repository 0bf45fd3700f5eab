import type { Lease, ShredPlace, ShredStep } from '../../domain/ports/projectDeletions.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { ProtectedRecord } from '../../model/record.ts'
import type { Dialect } from '../dialect.ts'
import { text, time } from '../rows/column.ts'
import { destroyedKeyOfRow } from '../rows/shredReportRow.ts'
import type { Row, Statements } from '../statement.ts'
import { tombstoneOf } from './protectedRow.ts'
import { HANGS_ON_SECRETS } from './secretCommands.ts'
import {
  closeShredReport,
  openShredReport,
  reportDestroyedKeys,
  reportRemoved,
} from './shredReportCommands.ts'

/** Records with an id of their own, and the tables whose rows hang on them. */
interface Kind {
  readonly table: string
  readonly kind: ProtectedRecord['kind']
  readonly hangOn: string
  readonly tables: readonly string[]
}

/** In this order: an order and a container name secrets, a secret names nobody. */
const KINDS = {
  orders: { table: 'orders', kind: 'order', hangOn: 'order_id', tables: ['order_tasks'] },
  containers: {
    table: 'containers',
    kind: 'container',
    hangOn: 'container_id',
    tables: ['container_consumers', 'container_acl_users', 'container_secrets'],
  },
  secrets: {
    table: 'secrets',
    kind: 'secret',
    hangOn: 'secret_id',
    tables: HANGS_ON_SECRETS,
  },
} satisfies Record<string, Kind>

const CONSUMERS = ['secret_consumers', 'container_consumers']
const LAST = [
  'certificate_facts',
  'project_quotas',
  'preferred_secret_stores',
  'quota_locks',
  'project_keys',
]

/** Rotation marks terms in the same way, and leaves what is wrapped in them until nothing uses it. */
const IS_NOT_WIPED = "(project_keys.state <> 'destroying' or length(project_keys.wrapped) > 0)"

const NOTHING = new Uint8Array(0)

/**
 * The rows stay, for they say that nothing is damaged: whoever finds one in this state is told that its
 * project is gone. What was wrapped in them is overwritten.
 */
export function* destroyProjectKeys(
  dialect: Dialect,
  projectId: ProjectId,
  lease: Lease,
): Statements<'lost' | number> {
  if (!(yield* isStillOurs(projectId, lease))) return 'lost'
  yield {
    sql: "update projects set state = 'shredding' where projects.project_id = ?",
    params: [projectId],
  }
  yield* openShredReport(projectId, lease)
  return yield* wipeKeys(dialect, projectId)
}

export function* shredProject(
  dialect: Dialect,
  projectId: ProjectId,
  lease: Lease,
  limit: number,
  place: ShredPlace,
): Statements<ShredStep> {
  if (!(yield* isStillOurs(projectId, lease))) return 'lost'
  const removed = { keys: 0, secrets: 0, containers: 0, orders: 0, consumers: 0 }
  yield* openShredReport(projectId, lease)
  // None, save that a first key was being made while the deletion was noted.
  removed.keys = yield* wipeKeys(dialect, projectId)
  const reached: { -readonly [Name in keyof ShredPlace]: ShredPlace[Name] } = { ...place }
  const secretIds: string[] = []
  let room = limit
  for (const [name, kind] of Object.entries(KINDS) as [keyof typeof KINDS, Kind][]) {
    if (room <= 0) break
    const rows = yield* recordsToShred(dialect, kind.table, projectId, room, place[name])
    yield* shredRecords(dialect, kind, rows, lease)
    const last = rows.at(-1)
    if (last !== undefined) reached[name] = time(last, 'created_at')
    if (kind.kind === 'secret') secretIds.push(...rows.map((row) => text(row, 'id')))
    removed[name] = rows.length
    room -= rows.length
  }
  for (const table of CONSUMERS) {
    if (room <= 0) break
    const count = yield* removeConsumers(dialect, table, projectId, room)
    removed.consumers += count
    room -= count
  }
  const isDone = room > 0
  if (room < limit) yield* reportRemoved(projectId, removed, secretIds)
  if (isDone) yield* finish(projectId, lease)
  return { removed, isDone, place: reached }
}

/** Changes the row: of two that think it is theirs, the database lets one go on. */
function* isStillOurs(projectId: ProjectId, { owner, until }: Lease): Statements<boolean> {
  const { changes } = yield {
    sql:
      'update projects set lease_until = ? where projects.project_id = ? ' +
      "and projects.lease_owner = ? and projects.state in ('doomed', 'shredding')",
    params: [until, projectId, owner],
  }
  return changes > 0
}

function* wipeKeys(dialect: Dialect, projectId: ProjectId): Statements<number> {
  const { rows } = yield {
    sql:
      'select project_keys.id, project_keys.store, project_keys.term, project_keys.kek_id, ' +
      'project_keys.commitment, project_keys.created_at from project_keys where project_keys.project_id = ? ' +
      `and ${IS_NOT_WIPED}${dialect.forUpdate}`,
    params: [projectId],
  }
  if (rows.length === 0) return 0
  yield {
    sql:
      "update project_keys set state = 'destroying', wrapped = ? where project_keys.project_id = ? " +
      `and ${IS_NOT_WIPED}`,
    params: [NOTHING, projectId],
  }
  yield* reportDestroyedKeys(projectId, rows.map(destroyedKeyOfRow))
  return rows.length
}

/**
 * What was removed stays in an index until the server finds time to clean up, and a look from the beginning
 * walks over all of it; so it begins where the last step ended, and once from the beginning when
 * nothing more is there, for a record may have come in late.
 */
function* recordsToShred(
  dialect: Dialect,
  table: string,
  projectId: ProjectId,
  limit: number,
  from: Timestamp | undefined,
): Statements<readonly Row[]> {
  const { rows } = yield {
    sql:
      `select ${table}.id, ${table}.project_id, ${table}.creator_id, ${table}.created_at ` +
      `from ${table} where ${table}.project_id = ?${from === undefined ? '' : ` and ${table}.created_at >= ?`} ` +
      `order by ${table}.created_at, ${table}.id limit ?${dialect.forUpdate}`,
    params: from === undefined ? [projectId, limit] : [projectId, from, limit],
  }
  if (rows.length > 0 || from === undefined) return rows
  return yield* recordsToShred(dialect, table, projectId, limit, undefined)
}

function* shredRecords(
  dialect: Dialect,
  { table, kind, hangOn, tables }: Kind,
  rows: readonly Row[],
  { now }: Lease,
): Statements<void> {
  if (rows.length === 0) return
  for (const row of rows) yield tombstoneOf(dialect, kind, row, now)
  const ids = rows.map((row) => text(row, 'id'))
  for (const of of tables) {
    yield { sql: `delete from ${of} where ${of}.${hangOn} in (${marks(ids)})`, params: ids }
  }
  yield { sql: `delete from ${table} where ${table}.id in (${marks(ids)})`, params: ids }
}

function* removeConsumers(
  dialect: Dialect,
  table: string,
  projectId: ProjectId,
  limit: number,
): Statements<number> {
  const { rows } = yield {
    sql: `select ${table}.id from ${table} where ${table}.project_id = ? limit ?${dialect.forUpdate}`,
    params: [projectId, limit],
  }
  if (rows.length === 0) return 0
  const ids = rows.map((row) => text(row, 'id'))
  yield { sql: `delete from ${table} where ${table}.id in (${marks(ids)})`, params: ids }
  return rows.length
}

function* finish(projectId: ProjectId, lease: Lease): Statements<void> {
  yield* closeShredReport(projectId, lease)
  for (const table of LAST) {
    yield { sql: `delete from ${table} where ${table}.project_id = ?`, params: [projectId] }
  }
  yield {
    sql:
      "update projects set state = 'shredded', finished_at = ?, lease_owner = null, " +
      'lease_until = null where projects.project_id = ?',
    params: [lease.now, projectId],
  }
}

function marks(values: readonly unknown[]): string {
  return values.map(() => '?').join(', ')
}
