import type { ContainerId, SecretId } from '../../lib/ids.ts'
import type {
  Container,
  ContainerMember,
  ContainerType,
  ListedContainer,
} from '../../model/container.ts'
import type { Stored } from '../../model/record.ts'
import type { Dialect } from '../dialect.ts'
import { foldedOrNull } from '../foldCase.ts'
import type { Row, SqlValue } from '../statement.ts'
import { aclColumnsOf, aclOfRow } from './aclColumns.ts'
import { bytesOrNull, DamagedRow, projectIdIn, text, textOrNull, time } from './column.ts'

/** Members come as one JSON array, each with whether its secret is still there. */
function sharedColumns(dialect: Dialect): readonly string[] {
  const isThere =
    'case when exists (select 1 from secrets where secrets.id = container_secrets.secret_id) ' +
    'then 1 else 0 end'
  const member = [
    dialect.jsonText('container_secrets.name'),
    dialect.jsonText('container_secrets.secret_id'),
    isThere,
  ]
  const members =
    `select ${dialect.jsonRowsOf(member, 'container_secrets.position')} from container_secrets ` +
    'where container_secrets.container_id = containers.id'
  return [
    'containers.id',
    'containers.project_id',
    'containers.container_type',
    'containers.name',
    'containers.creator_id',
    'containers.created_at',
    'containers.updated_at',
    `(${members}) as members`,
  ]
}

/** The whole record in one row, for the reasons that secrets have. */
export function containerColumns(dialect: Dialect): readonly string[] {
  const users =
    `select ${dialect.jsonArrayOf('container_acl_users.user_id')} from container_acl_users ` +
    'where container_acl_users.container_id = containers.id'
  return [
    ...sharedColumns(dialect),
    'containers.acl_project_access',
    'containers.acl_created_at',
    'containers.acl_updated_at',
    `case when containers.acl_project_access is null then null else (${users}) end as acl_users`,
    'containers.row_mac',
  ]
}

/** What a list shows. */
export function listedContainerColumns(dialect: Dialect): readonly string[] {
  const columns = ['container_consumers.name', 'container_consumers.url']
  const consumer = columns.map((column) => dialect.jsonText(column))
  const consumers =
    `select ${dialect.jsonRowsOf(consumer, columns.join(', '))} from container_consumers ` +
    'where container_consumers.container_id = containers.id'
  return [...sharedColumns(dialect), `(${consumers}) as consumers`]
}

export function containerOfRow(row: Row): Stored<Container> {
  return { ...sharedFields(row), acl: aclOfRow(row), rowMac: bytesOrNull(row, 'row_mac') }
}

export function listedContainerOfRow(row: Row): ListedContainer {
  const consumers = JSON.parse(text(row, 'consumers')) as readonly [string, string][]
  return { ...sharedFields(row), consumers: consumers.map(([name, url]) => ({ name, url })) }
}

function sharedFields(row: Row): Omit<Container, 'acl'> {
  return {
    kind: 'container',
    id: text(row, 'id') as ContainerId,
    projectId: projectIdIn(row),
    type: text(row, 'container_type') as ContainerType,
    name: textOrNull(row, 'name'),
    creatorId: textOrNull(row, 'creator_id'),
    members: membersIn(row),
    createdAt: time(row, 'created_at'),
    updatedAt: time(row, 'updated_at'),
  }
}

function membersIn(row: Row): readonly ContainerMember[] {
  return (JSON.parse(text(row, 'members')) as readonly (readonly unknown[])[]).map(
    ([name, secretId, isThere]) => {
      if ((name !== null && typeof name !== 'string') || typeof secretId !== 'string') {
        throw new DamagedRow('a member is something else than text')
      }
      return { name, secretId: secretId as SecretId, isGone: isThere !== 1 }
    },
  )
}

export function rowOfContainer(container: Stored<Container>): Readonly<Record<string, SqlValue>> {
  return {
    id: container.id,
    project_id: container.projectId,
    container_type: container.type,
    name: container.name,
    name_folded: foldedOrNull(container.name),
    creator_id: container.creatorId,
    created_at: container.createdAt,
    updated_at: container.updatedAt,
    ...aclColumnsOf(container.acl),
    row_mac: container.rowMac,
  }
}
