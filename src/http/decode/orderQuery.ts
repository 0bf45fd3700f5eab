import { z } from 'zod'
import type { OrderQuery } from '../../domain/ports/orderRepositories.ts'
import { parseOrderId } from '../../lib/ids.ts'
import { decodeMarker, markerParameter } from './marker.ts'

/** What GET /v1/orders understands besides paging. */
export const orderListParameters = {
  meta: z.string().describe('Orders whose meta, as JSON text, contains this.'),
  marker: markerParameter('order'),
}

/** The filter and the marker of GET /v1/orders; empty ones are ignored (contract 05). */
export function decodeOrderQuery(
  query: ReadonlyMap<string, string>,
): Pick<OrderQuery, 'meta' | 'marker'> {
  const meta = query.get('meta')
  return { ...(meta ? { meta } : {}), ...decodeMarker(query, parseOrderId, 'an order') }
}
