import type { SecretId } from '../../lib/ids.ts'
import type { ContentType } from '../../model/contentTypes.ts'
import type { Stored } from '../../model/record.ts'
import type { Secret, SecretFacts, SecretSummary } from '../../model/secret.ts'
import type { SecretType } from '../../model/secretTypes.ts'
import type { ColumnType, Dialect } from '../dialect.ts'
import { foldedOrNull } from '../foldCase.ts'
import type { Row, SqlValue } from '../statement.ts'
import { aclColumnsOf, aclOfRow } from './aclColumns.ts'
import {
  bytesOrNull,
  number,
  numberOrNull,
  projectIdIn,
  text,
  textOrNull,
  time,
  timeOrNull,
} from './column.ts'

/** What a list shows. */
export const SUMMARY_COLUMNS = [
  'secrets.id',
  'secrets.project_id',
  'secrets.name',
  'secrets.secret_type',
  'secrets.algorithm',
  'secrets.bit_length',
  'secrets.mode',
  'secrets.expires_at',
  'secrets.creator_id',
  'secrets.content_type',
  'secrets.created_at',
  'secrets.updated_at',
] as const

/**
 * The whole record in one row, ACL users as a JSON array: a record and its ACL read in two statements
 * could tear and raise a false alarm. A subselect, not a join: with better-sqlite3 13 a join costs four
 * times as much per bind.
 */
export function secretColumns(dialect: Dialect, last: LastColumn): readonly string[] {
  const users =
    `select ${dialect.jsonArrayOf('secret_acl_users.user_id')} from secret_acl_users ` +
    'where secret_acl_users.secret_id = secrets.id'
  return [
    ...SUMMARY_COLUMNS,
    'secrets.acl_project_access',
    'secrets.acl_created_at',
    'secrets.acl_updated_at',
    `case when secrets.acl_project_access is null then null else (${users}) end as acl_users`,
    'secrets.row_mac',
    last,
  ]
}

/** The envelope, or whether there is one: of a long one, an answer without a look at the pages it lies on. */
export type LastColumn = typeof ENVELOPE | typeof HAS_PAYLOAD
export const ENVELOPE = 'secrets.envelope'
export const HAS_PAYLOAD = 'case when secrets.envelope is null then 0 else 1 end as has_payload'

export function summaryOfRow(row: Row): SecretSummary {
  return {
    kind: 'secret',
    id: text(row, 'id') as SecretId,
    projectId: projectIdIn(row),
    name: textOrNull(row, 'name'),
    secretType: text(row, 'secret_type') as SecretType,
    algorithm: textOrNull(row, 'algorithm'),
    bitLength: numberOrNull(row, 'bit_length'),
    mode: textOrNull(row, 'mode'),
    expiration: timeOrNull(row, 'expires_at'),
    creatorId: textOrNull(row, 'creator_id'),
    contentType: textOrNull(row, 'content_type') as ContentType | null,
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

export function secretOfRow(row: Row): Stored<Secret> {
  // Written out, not spread from summaryOfRow: this is the hottest object of the house.
  return {
    kind: 'secret',
    id: text(row, 'id') as SecretId,
    projectId: projectIdIn(row),
    name: textOrNull(row, 'name'),
    secretType: text(row, 'secret_type') as SecretType,
    algorithm: textOrNull(row, 'algorithm'),
    bitLength: numberOrNull(row, 'bit_length'),
    mode: textOrNull(row, 'mode'),
    expiration: timeOrNull(row, 'expires_at'),
    creatorId: textOrNull(row, 'creator_id'),
    contentType: textOrNull(row, 'content_type') as ContentType | null,
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
    acl: aclOfRow(row),
    rowMac: bytesOrNull(row, 'row_mac'),
    envelope: bytesOrNull(row, 'envelope'),
  }
}

export function secretFactsOfRow(row: Row): Stored<SecretFacts> {
  return {
    ...summaryOfRow(row),
    acl: aclOfRow(row),
    rowMac: bytesOrNull(row, 'row_mac'),
    hasPayload: number(row, 'has_payload') === 1,
  }
}

const INTEGERS = ['bit_length', 'acl_project_access']
const BYTES = ['row_mac', 'envelope']

export function typeOfColumn(column: string): ColumnType {
  if (INTEGERS.includes(column)) return 'integer'
  return BYTES.includes(column) ? 'bytes' : 'text'
}

export function rowOfSecret(secret: Stored<Secret>): Readonly<Record<string, SqlValue>> {
  return {
    id: secret.id,
    project_id: secret.projectId,
    name: secret.name,
    name_folded: foldedOrNull(secret.name),
    secret_type: secret.secretType,
    algorithm: secret.algorithm,
    algorithm_folded: foldedOrNull(secret.algorithm),
    bit_length: secret.bitLength,
    mode: secret.mode,
    mode_folded: foldedOrNull(secret.mode),
    expires_at: secret.expiration,
    creator_id: secret.creatorId,
    content_type: secret.contentType,
    created_at: secret.createdAt,
    updated_at: secret.updatedAt,
    ...aclColumnsOf(secret.acl),
    row_mac: secret.rowMac,
    envelope: secret.envelope,
  }
}
