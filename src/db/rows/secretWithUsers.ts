import { type FindById, inList } from '../findById.ts'
import type { Row } from '../statement.ts'
import { type LastColumn, SUMMARY_COLUMNS } from './secretRow.ts'

const ACL_COLUMNS = ['acl_project_access', 'acl_created_at', 'acl_updated_at']

/** The rows of secrets, and one more for each user of an ACL: both of one moment, as one statement is. */
function select(ids: string, last: LastColumn): string {
  const secret = [
    ...SUMMARY_COLUMNS,
    ...ACL_COLUMNS.map((column) => `secrets.${column}`),
    'null as acl_users',
    'secrets.row_mac',
    last,
  ]
  const user = [
    'secret_acl_users.secret_id',
    ...Array.from({ length: SUMMARY_COLUMNS.length - 1 + ACL_COLUMNS.length }, () => 'null'),
    'secret_acl_users.user_id',
    'null',
    'null',
  ]
  return (
    `select ${secret.join(', ')} from secrets where secrets.id ${ids} union all ` +
    `select ${user.join(', ')} from secret_acl_users where secret_acl_users.secret_id ${ids}`
  )
}

/** A secret's row has a project, a user's has none. */
function gathered(rows: readonly Row[]): ReadonlyMap<unknown, Row> {
  const users = new Map<unknown, unknown[]>()
  const secrets = new Map<unknown, Row>()
  for (const row of rows) {
    const id = row['id']
    const known = users.get(id)
    if (row['project_id'] !== null) secrets.set(id, row)
    else if (known === undefined) users.set(id, [row['acl_users']])
    else known.push(row['acl_users'])
  }
  for (const [id, row] of secrets) {
    if (row['acl_project_access'] === null) continue
    secrets.set(id, { ...row, acl_users: JSON.stringify(users.get(id) ?? []) })
  }
  return secrets
}

/**
 * A secret with the users of its ACL for MariaDB, where every aggregate of text makes a table on the disk, ACL or
 * not, and where a server that could not make one was seen to end by a segmentation fault (ADR 0040).
 */
export function secretWithUsers(last: LastColumn): FindById {
  return {
    one: select('= ?', last),
    several: (count) => select(inList(count), last),
    repeats: 2,
    gathered,
  }
}
