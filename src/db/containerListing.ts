import type { Knex } from 'knex'
import type { ContainerQuery } from '../domain/ports/containerRepositories.ts'
import type { ListedContainer } from '../model/container.ts'
import type { Page } from '../model/page.ts'
import type { Dialect } from './dialect.ts'
import { foldCase } from './foldCase.ts'
import { countOf, pageOf, startAfter, totalWithoutCounting } from './listing.ts'
import { listedContainerColumns, listedContainerOfRow } from './rows/containerRow.ts'
import type { Statements } from './statement.ts'

export function* listContainers(
  builder: Knex,
  dialect: Dialect,
  query: ContainerQuery,
): Statements<Page<ListedContainer>> {
  const scope = () => builder('containers').where('containers.project_id', query.projectId)
  const matching = () => filtered(scope(), dialect, query)
  const inOrder = matching()
    .select(builder.raw(listedContainerColumns(dialect).join(', ')))
    .orderBy(['containers.created_at', 'containers.id'])
  const { marker } = query
  const isAnywhere =
    marker === undefined || (yield* startAfter(inOrder, 'containers', scope(), marker))
  const { rows } = isAnywhere ? yield pageOf(inOrder, query) : { rows: [] }
  const items = rows.map(listedContainerOfRow)
  const known = marker === undefined ? totalWithoutCounting(items.length, query) : undefined
  return { items, total: known ?? (yield* countOf(matching())) }
}

function filtered(
  containers: Knex.QueryBuilder,
  dialect: Dialect,
  query: ContainerQuery,
): Knex.QueryBuilder {
  if (query.type !== undefined) containers.where('containers.container_type', query.type)
  if (query.name !== undefined) {
    containers.whereRaw(dialect.like('containers.name_folded'), [foldCase(query.name)])
  }
  return containers
}
