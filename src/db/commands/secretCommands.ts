import type { Changed, QuotaReached } from '../../domain/ports/changes.ts'
import type { SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import { LOOKED_AT, type PayloadFacts } from '../../model/certificateFacts.ts'
import type { Stored } from '../../model/record.ts'
import type { Secret } from '../../model/secret.ts'
import type { SecretType } from '../../model/secretTypes.ts'
import type { Dialect } from '../dialect.ts'
import { insertInto } from '../insertInto.ts'
import { aclColumnsOf } from '../rows/aclColumns.ts'
import { rowOfFacts } from '../rows/certificateFactsRow.ts'
import { text } from '../rows/column.ts'
import { rowOfSecret, typeOfColumn } from '../rows/secretRow.ts'
import type { Row, SqlValue, Statements } from '../statement.ts'
import { projectKeyIdsOf, projectKeysInUse, projectQuotaWithKeys } from './projectKeysInUse.ts'
import { isStillTheSame, tombstoneOf } from './protectedRow.ts'
import { limitOf, quotaReached } from './quotaReached.ts'

export function* insertSecret(
  dialect: Dialect,
  secret: Stored<Secret>,
  defaultQuota?: number,
  facts?: PayloadFacts,
): Statements<'inserted' | 'keyGone' | QuotaReached> {
  if (yield* isInsertedAtOnce(dialect, secret, defaultQuota, facts)) return 'inserted'
  const quota = yield* projectQuotaWithKeys(dialect, [secret], 'secrets')
  if (quota === 'keyGone') return 'keyGone'
  const limit = limitOf(quota.ofProject, defaultQuota)
  const reached = yield* quotaReached(dialect, 'secrets', limit, secret)
  if (reached !== undefined) return reached
  const isAlone = facts === undefined && (secret.acl?.users.length ?? 0) === 0
  yield { ...insertInto('secrets', rowOfSecret(secret)), isAlone }
  yield* insertAclUsers(secret)
  yield* insertFacts(secret, facts)
  return 'inserted'
}

/**
 * Most secrets: no user in an ACL, no quota to count against. One statement then asks for the key, holds it and
 * inserts, which on a server is one round trip instead of four. False: nothing was written, for whatever reason.
 */
function* isInsertedAtOnce(
  dialect: Dialect,
  secret: Stored<Secret>,
  defaultQuota: number | undefined,
  facts: PayloadFacts | undefined,
): Statements<boolean> {
  const [keyId, another] = projectKeyIdsOf([secret])
  const hasUsers = (secret.acl?.users.length ?? 0) > 0
  if (hasUsers || keyId === undefined || another !== undefined || (defaultQuota ?? -1) >= 0) {
    return false
  }
  const row = rowOfSecret(secret)
  const { changes } = yield {
    sql: insertWhileKeyHolds(dialect, row),
    params: [...Object.values(row), keyId],
    isAlone: facts === undefined,
  }
  if (changes > 0) yield* insertFacts(secret, facts)
  return changes > 0
}

/** By dialect: the columns of a secret's row are always the same. */
const insertsWhileKeyHolds = new WeakMap<Dialect, string>()

function insertWhileKeyHolds(dialect: Dialect, row: Readonly<Record<string, SqlValue>>): string {
  let sql = insertsWhileKeyHolds.get(dialect)
  if (sql === undefined) {
    const columns = Object.keys(row)
    const values = columns.map((column) => dialect.placeholder(typeOfColumn(column)))
    sql =
      `insert into secrets (${columns.join(', ')}) select ${values.join(', ')} from project_keys ` +
      "where project_keys.id = ? and project_keys.state <> 'destroying' and not exists " +
      '(select 1 from project_quotas where project_quotas.project_id = project_keys.project_id ' +
      `and project_quotas.secrets is not null)${dialect.forShare}`
    insertsWhileKeyHolds.set(dialect, sql)
  }
  return sql
}

/**
 * As one write among others of a command, which are taken back together. The caller asked for its project
 * keys; what an order makes comes in whatever the quota of secrets (contract 07).
 */
export function* insertSecretAmongOthers(
  secret: Stored<Secret>,
  facts?: PayloadFacts,
): Statements<void> {
  yield insertInto('secrets', rowOfSecret(secret))
  yield* insertAclUsers(secret)
  yield* insertFacts(secret, facts)
}

export function* storePayload(
  dialect: Dialect,
  verifiedMac: Uint8Array,
  secret: Stored<Secret>,
  facts?: PayloadFacts,
): Statements<Changed | 'conflict' | 'keyGone'> {
  const present = yield* lockSecret(dialect, secret.id)
  if (present === undefined) return 'gone'
  if (present['has_payload'] !== 0) return 'conflict'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  if (!(yield* projectKeysInUse(dialect, [secret]))) return 'keyGone'
  yield {
    sql: 'update secrets set envelope = ?, content_type = ?, updated_at = ?, row_mac = ? where secrets.id = ?',
    params: [secret.envelope, secret.contentType, secret.updatedAt, secret.rowMac, secret.id],
  }
  yield* insertFacts(secret, facts)
  return 'changed'
}

export function* replaceSecretAcl(
  dialect: Dialect,
  verifiedMac: Uint8Array,
  secret: Stored<Secret>,
): Statements<Changed | 'keyGone'> {
  const present = yield* lockSecret(dialect, secret.id)
  if (present === undefined) return 'gone'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  if (!(yield* projectKeysInUse(dialect, [{ rowMac: secret.rowMac }]))) return 'keyGone'
  const acl = aclColumnsOf(secret.acl)
  yield {
    sql:
      'update secrets set acl_project_access = ?, acl_created_at = ?, acl_updated_at = ?, ' +
      'updated_at = ?, row_mac = ? where secrets.id = ?',
    params: [...Object.values(acl), secret.updatedAt, secret.rowMac, secret.id],
  }
  yield {
    sql: 'delete from secret_acl_users where secret_acl_users.secret_id = ?',
    params: [secret.id],
  }
  yield* insertAclUsers(secret)
  return 'changed'
}

/** Rows of these name their secret, and go before it. */
export const HANGS_ON_SECRETS = [
  'secret_consumers',
  'secret_metadata',
  'secret_acl_users',
  'certificate_facts',
] as const

/** The wrapped data key goes with the row, and what stays holds no key (ADR 0003). */
export function* removeSecret(
  dialect: Dialect,
  id: SecretId,
  verifiedMac: Uint8Array,
  deletedAt: Timestamp,
  consumers: 'refuse' | 'remove',
): Statements<Changed | 'consumed'> {
  const present = yield* lockSecret(dialect, id)
  if (present === undefined) return 'gone'
  if (!isStillTheSame(present, verifiedMac)) return 'stale'
  if (consumers === 'refuse' && (yield* hasConsumers(id))) return 'consumed'
  yield tombstoneOf(dialect, 'secret', present, deletedAt)
  const hasFacts = LOOKED_AT[text(present, 'secret_type') as SecretType] !== undefined
  for (const table of HANGS_ON_SECRETS) {
    // Most secrets are keys of disks: nothing was read from them.
    if (table === 'certificate_facts' && !hasFacts) continue
    yield { sql: `delete from ${table} where ${table}.secret_id = ?`, params: [id] }
  }
  yield { sql: 'delete from secrets where secrets.id = ?', params: [id] }
  return 'changed'
}

/** Registering one locks the secret as well: none comes between this look and the commit. */
function* hasConsumers(id: SecretId): Statements<boolean> {
  const { rows } = yield {
    sql: 'select 1 as found from secret_consumers where secret_consumers.secret_id = ? limit 1',
    params: [id],
  }
  return rows.length > 0
}

function* lockSecret(dialect: Dialect, id: SecretId): Statements<Row | undefined> {
  const { rows } = yield {
    sql:
      'select secrets.id, secrets.project_id, secrets.creator_id, secrets.created_at, ' +
      'secrets.secret_type, secrets.row_mac, case when secrets.envelope is null then 0 else 1 end as has_payload ' +
      `from secrets where secrets.id = ?${dialect.forUpdate}`,
    params: [id],
  }
  return rows[0]
}

function* insertFacts(
  { id: secretId, projectId }: Secret,
  facts: PayloadFacts | undefined,
): Statements<void> {
  if (facts === undefined) return
  yield insertInto('certificate_facts', rowOfFacts({ ...facts, secretId, projectId }))
}

function* insertAclUsers(secret: Secret): Statements<void> {
  for (const user of secret.acl?.users ?? []) {
    yield insertInto('secret_acl_users', { secret_id: secret.id, user_id: user })
  }
}
