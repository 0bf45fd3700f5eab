import type { Knex } from 'knex'
import type { ContainerQuery } from '../domain/ports.ts'
import type { ListedContainer } from '../model/container.ts'
import type { Page } from '../model/page.ts'
import type { Dialect } from './dialect.ts'
import { foldCase } from './foldCase.ts'
import { countOf, pageOf, totalWithoutCounting } from './listing.ts'
import { listedContainerColumns, listedContainerOfRow } from './rows/containerRow.ts'
import type { Statements } from './statement.ts'

export function* listContainers(
  builder: Knex,
  dialect: Dialect,
  query: ContainerQuery,
): Statements<Page<ListedContainer>> {
  const matching = () => filtered(builder, dialect, query)
  const inOrder = matching()
    .select(builder.raw(listedContainerColumns(dialect).join(', ')))
    .orderBy(['containers.created_at', 'containers.id'])
  const { rows } = yield pageOf(inOrder, query)
  const items = rows.map(listedContainerOfRow)
  const known = totalWithoutCounting(items.length, query)
  return { items, total: known ?? (yield* countOf(matching())) }
}

function filtered(builder: Knex, dialect: Dialect, query: ContainerQuery): Knex.QueryBuilder {
  const containers = builder('containers').where('containers.project_id', query.projectId)
  if (query.type !== undefined) containers.where('containers.container_type', query.type)
  if (query.name !== undefined) {
    containers.whereRaw(dialect.like('containers.name_folded'), [foldCase(query.name)])
  }
  return containers
}
