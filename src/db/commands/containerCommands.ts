import type { Changed, QuotaReached } from '../../domain/ports/changes.ts'
import type { NewMember } from '../../domain/ports/containerRepositories.ts'
import type { ContainerId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Container } from '../../model/container.ts'
import type { Stored } from '../../model/record.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import { aclColumnsOf } from '../rows/aclColumns.ts'
import { number } from '../rows/column.ts'
import { rowOfContainer } from '../rows/containerRow.ts'
import type { Row, Statements } from '../statement.ts'
import { projectKeysInUse, projectQuotaWithKeys } from './projectKeysInUse.ts'
import { isStillTheSame, tombstoneOf } from './protectedRow.ts'
import { limitOf, quotaReached } from './quotaReached.ts'

export function* insertContainer(
  dialect: Dialect,
  container: Stored<Container>,
  now: Timestamp,
  defaultQuota?: number,
): Statements<'inserted' | 'keyGone' | 'secretGone' | QuotaReached> {
  const quota = yield* projectQuotaWithKeys(dialect, [container], 'containers')
  if (quota === 'keyGone') return 'keyGone'
  const limit = limitOf(quota.ofProject, defaultQuota)
  const reached = yield* quotaReached(dialect, 'containers', limit, container)
  if (reached !== undefined) return reached
  const { projectId } = container
  for (const { secretId } of container.members) {
    if (!(yield* secretIsHeld(dialect, { secretId, projectId, now }))) return 'secretGone'
  }
  yield insertInto('containers', rowOfContainer(container))
  yield* insertMembers(container, container.members, 0)
  yield* insertAclUsers(container)
  return 'inserted'
}

export function* replaceContainerMembers(
  dialect: Dialect,
  verifiedMac: Uint8Array,
  container: Stored<Container>,
  added: NewMember | undefined,
): Statements<Changed | 'keyGone' | 'secretGone'> {
  const present = yield* lockContainer(dialect, container.id)
  if (present === undefined) return 'gone'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  if (added !== undefined && !(yield* secretIsHeld(dialect, added))) return 'secretGone'
  if (!(yield* projectKeysInUse(dialect, [container]))) return 'keyGone'
  yield {
    sql: 'update containers set row_mac = ? where containers.id = ?',
    params: [container.rowMac, container.id],
  }
  yield* rewriteMembers(container)
  return 'changed'
}

export function* replaceContainerAcl(
  dialect: Dialect,
  verifiedMac: Uint8Array,
  container: Stored<Container>,
): Statements<Changed | 'keyGone'> {
  const present = yield* lockContainer(dialect, container.id)
  if (present === undefined) return 'gone'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  if (!(yield* projectKeysInUse(dialect, [container]))) return 'keyGone'
  const acl = aclColumnsOf(container.acl)
  yield {
    sql:
      'update containers set acl_project_access = ?, acl_created_at = ?, acl_updated_at = ?, ' +
      'updated_at = ?, row_mac = ? where containers.id = ?',
    params: [...Object.values(acl), container.updatedAt, container.rowMac, container.id],
  }
  yield deleteOf('container_acl_users', container.id)
  yield* insertAclUsers(container)
  return 'changed'
}

/** All that hangs on it goes with it, whatever its number (Q36). */
export function* removeContainer(
  dialect: Dialect,
  id: ContainerId,
  verifiedMac: Uint8Array,
  deletedAt: Timestamp,
): Statements<Changed> {
  const present = yield* lockContainer(dialect, id)
  if (present === undefined) return 'gone'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  yield tombstoneOf(dialect, 'container', present, deletedAt)
  for (const table of ['container_consumers', 'container_acl_users', 'container_secrets']) {
    yield deleteOf(table, id)
  }
  yield { sql: 'delete from containers where containers.id = ?', params: [id] }
  return 'changed'
}

function* lockContainer(dialect: Dialect, id: ContainerId): Statements<Row | undefined> {
  const { rows } = yield {
    sql:
      'select containers.id, containers.project_id, containers.creator_id, containers.created_at, ' +
      `containers.row_mac from containers where containers.id = ?${dialect.forUpdate}`,
    params: [id],
  }
  return rows[0]
}

/** The secret must not go before its member is in. */
function* secretIsHeld(
  dialect: Dialect,
  { secretId, projectId, now }: NewMember,
): Statements<boolean> {
  const { rows } = yield {
    sql:
      'select secrets.id from secrets where secrets.id = ? and secrets.project_id = ? ' +
      `and (secrets.expires_at is null or secrets.expires_at > ?)${dialect.forShare}`,
    params: [secretId, projectId, now],
  }
  return rows.length > 0
}

function deleteOf(table: string, id: ContainerId) {
  return { sql: `delete from ${table} where ${table}.container_id = ?`, params: [id] }
}

/** From the first difference on: to add one to a thousand members writes one row. */
function* rewriteMembers(container: Container): Statements<void> {
  const { id, members } = container
  const { rows } = yield {
    sql:
      'select container_secrets.position, container_secrets.name, container_secrets.secret_id ' +
      'from container_secrets where container_secrets.container_id = ? ' +
      'order by container_secrets.position',
    params: [id],
  }
  const isKept = (row: Row, at: number): boolean =>
    row['secret_id'] === members[at]?.secretId && row['name'] === members[at]?.name
  const differs = rows.findIndex((row, at) => !isKept(row, at))
  const kept = differs === -1 ? rows.length : differs
  const position = positionOf(rows[kept]) ?? (positionOf(rows.at(-1)) ?? -1) + 1
  yield {
    sql:
      'delete from container_secrets where container_secrets.container_id = ? ' +
      'and container_secrets.position >= ?',
    params: [id, position],
  }
  yield* insertMembers(container, members.slice(kept), position)
}

function positionOf(row: Row | undefined): number | undefined {
  return row === undefined ? undefined : number(row, 'position')
}

function* insertMembers(
  { id }: Container,
  members: Container['members'],
  from: number,
): Statements<void> {
  for (const [index, { name, secretId }] of members.entries()) {
    yield insertInto('container_secrets', {
      container_id: id,
      position: from + index,
      name,
      secret_id: secretId,
    })
  }
}

function* insertAclUsers(container: Container): Statements<void> {
  for (const user of container.acl?.users ?? []) {
    yield insertInto('container_acl_users', { container_id: container.id, user_id: user })
  }
}
