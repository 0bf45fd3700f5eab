import type { Orders } from '../../domain/orders.ts'
import type { OrderId } from '../../lib/ids.ts'
import { json, noContent } from '../answers.ts'
import { decodeNewOrder, newOrderBody } from '../decode/newOrder.ts'
import { decodeOrderQuery, orderListParameters } from '../decode/orderQuery.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import { orderRef, orderRefShown, orderShown, renderOrder } from '../render/order.ts'
import { pageShown, renderPage } from '../render/page.ts'
import type { ApiRequest, Route } from '../route.ts'

/** /v1/orders (contract 05). */
export function orderRoutes(orders: Orders, paging: PagingLimits): readonly Route[] {
  const lookUp = ({ ctx, params }: ApiRequest): Promise<void> =>
    orders.lookUp(ctx, orderIdOf(params))

  return [
    {
      method: 'POST',
      path: '/v1/orders',
      rules: ['orders:post'],
      summary: 'Order a key or a key pair: the server makes it and keeps it',
      accepts: 'json',
      body: { schema: newOrderBody },
      shows: orderRefShown,
      headers: ['Location'],
      answers: [202, 400, 401, 403, 406, 413, 415],
      async handle(request) {
        const id = await orders.create(request.ctx, async () =>
          decodeNewOrder(await request.json(newOrderBody)),
        )
        const ref = orderRef(request.base, id)
        return json(202, { order_ref: ref }, { Location: ref })
      },
    },
    {
      method: 'GET',
      path: '/v1/orders/{order_id}',
      rules: ['order:get'],
      summary: 'Retrieve an order',
      accepts: 'json',
      shows: orderShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params, base }) {
        return json(200, renderOrder(await orders.read(ctx, orderIdOf(params)), base))
      },
    },
    {
      method: 'GET',
      path: '/v1/orders',
      rules: ['orders:get'],
      summary: 'List the orders of a project',
      accepts: 'json',
      query: { ...orderListParameters, ...pagingParameters },
      shows: pageShown('orders', orderShown),
      answers: [200, 400, 401, 403, 406],
      async handle({ ctx, base, query }) {
        const request = decodePaging(query, paging)
        const page = await orders.list(ctx, () => ({ ...request, ...decodeOrderQuery(query) }))
        const options = { key: 'orders', href: `${base}/v1/orders`, request, query }
        return json(
          200,
          renderPage(page, options, (order) => renderOrder(order, base)),
        )
      },
    },
    {
      method: 'PUT',
      path: '/v1/orders',
      rules: ['orders:put'],
      summary: 'Once changed certificate orders; answers 405',
      accepts: 'json',
      answers: [401, 403, 405, 406],
      handle: ({ ctx }) => orders.refuseUpdate(ctx),
    },
    {
      method: 'DELETE',
      path: '/v1/orders/{order_id}',
      rules: ['order:delete'],
      summary: 'Delete an order; what it made stays',
      accepts: 'any',
      answers: [204, 401, 403, 404],
      lookUp,
      async handle({ ctx, params }) {
        await orders.remove(ctx, orderIdOf(params))
        return noContent
      },
    },
  ]
}

/** Free text on the wire (contract 05): what is no order's id is simply not found. */
function orderIdOf(params: ApiRequest['params']): OrderId {
  return (params['order_id'] ?? '') as OrderId
}
