import type { Acl } from '../../model/acl.ts'
import type { Row, SqlValue } from '../statement.ts'
import { number, text, time } from './column.ts'

/** The ACL in a row of secrets or containers, its users as a JSON array. */
export function aclOfRow(row: Row): Acl | null {
  if (row['acl_project_access'] === null) return null
  return {
    projectAccess: number(row, 'acl_project_access') !== 0,
    users: JSON.parse(text(row, 'acl_users')) as readonly string[],
    createdAt: time(row, 'acl_created_at'),
    updatedAt: time(row, 'acl_updated_at'),
  }
}

export function aclColumnsOf(acl: Acl | null): Readonly<Record<string, SqlValue>> {
  return {
    acl_project_access: acl === null ? null : Number(acl.projectAccess),
    acl_created_at: acl === null ? null : acl.createdAt,
    acl_updated_at: acl === null ? null : acl.updatedAt,
  }
}
