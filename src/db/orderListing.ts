import type { Knex } from 'knex'
import type { OrderQuery } from '../domain/ports/orderRepositories.ts'
import type { Order } from '../model/order.ts'
import type { Page } from '../model/page.ts'
import type { Dialect } from './dialect.ts'
import { countOf, pageOf, startAfter, totalWithoutCounting } from './listing.ts'
import { ORDER_COLUMNS, orderOfRow } from './rows/orderRow.ts'
import type { Statements } from './statement.ts'

export function* listOrders(
  builder: Knex,
  dialect: Dialect,
  query: OrderQuery,
): Statements<Page<Order>> {
  const scope = () => builder('orders').where('orders.project_id', query.projectId)
  const matching = () => {
    const orders = scope()
    if (query.meta !== undefined) orders.whereRaw(dialect.contains('orders.meta'), [query.meta])
    return orders
  }
  const inOrder = matching().select(ORDER_COLUMNS).orderBy(['orders.created_at', 'orders.id'])
  const { marker } = query
  const isAnywhere = marker === undefined || (yield* startAfter(inOrder, 'orders', scope(), marker))
  const { rows } = isAnywhere ? yield pageOf(inOrder, query) : { rows: [] }
  const items = rows.map(orderOfRow)
  const known = marker === undefined ? totalWithoutCounting(items.length, query) : undefined
  return { items, total: known ?? (yield* countOf(matching())) }
}
