import { type FindById, inList } from '../findById.ts'
import type { Row } from '../statement.ts'

const IS_THERE =
  'case when exists (select 1 from secrets where secrets.id = container_secrets.secret_id) then 1 else 0 end'

/** The rows of containers, one more for each member and one for each user of an ACL, in columns of the same names. */
function select(ids: string): string {
  return (
    'select containers.id, containers.project_id, containers.container_type, containers.name, ' +
    'containers.creator_id, containers.created_at, containers.updated_at, ' +
    'containers.acl_project_access, containers.acl_created_at, containers.acl_updated_at, ' +
    'containers.row_mac, null as position, null as secret_id, null as is_there, null as user_id ' +
    `from containers where containers.id ${ids} union all ` +
    'select container_secrets.container_id, null, null, container_secrets.name, null, null, null, null, ' +
    'null, null, null, container_secrets.position, container_secrets.secret_id, ' +
    `${IS_THERE}, null from container_secrets where container_secrets.container_id ${ids} union all ` +
    'select container_acl_users.container_id, null, null, null, null, null, null, null, null, null, ' +
    'null, null, null, null, container_acl_users.user_id ' +
    `from container_acl_users where container_acl_users.container_id ${ids}`
  )
}

/** A container's row has a project, those of its parts have none; of these, a user's has no position. */
function gathered(rows: readonly Row[]): ReadonlyMap<unknown, Row> {
  const members = Map.groupBy(
    rows.filter((row) => row['position'] !== null),
    (row) => row['id'],
  )
  const users = Map.groupBy(
    rows.filter((row) => row['user_id'] !== null),
    (row) => row['id'],
  )
  return new Map(
    rows
      .filter((row) => row['project_id'] !== null)
      .map((row) => {
        const id = row['id']
        const inOrder = (members.get(id) ?? []).toSorted(
          (one, other) => Number(one['position']) - Number(other['position']),
        )
        const parts = {
          members: JSON.stringify(
            inOrder.map((it) => [it['name'], it['secret_id'], it['is_there']]),
          ),
          acl_users: JSON.stringify((users.get(id) ?? []).map((it) => it['user_id'])),
        }
        return [id, { ...row, ...parts }]
      }),
  )
}

/** A container with its members and the users of its ACL, for MariaDB (ADR 0040). */
export const CONTAINER_WITH_PARTS: FindById = {
  one: select('= ?'),
  several: (count) => select(inList(count)),
  repeats: 3,
  gathered,
}
