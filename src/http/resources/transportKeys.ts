import { z } from 'zod'
import type { TransportKeys } from '../../domain/transportKeys.ts'
import { parseTransportKeyId, type TransportKeyId } from '../../lib/ids.ts'
import { json, noContent } from '../answers.ts'
import { decodeNewTransportKey, newTransportKeyBody } from '../decode/newTransportKey.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import { unquotePlus } from '../decode/query.ts'
import { pageShown, renderPage } from '../render/page.ts'
import {
  renderTransportKey,
  transportKeyRef,
  transportKeyRefShown,
  transportKeyShown,
} from '../render/transportKey.ts'
import type { ApiRequest, Route } from '../route.ts'

/** /v1/transport_keys (contract 09). */
export function transportKeyRoutes(
  transportKeys: TransportKeys,
  paging: PagingLimits,
): readonly Route[] {
  const lookUp = ({ params }: ApiRequest): Promise<void> =>
    transportKeys.lookUp(transportKeyIdOf(params))

  return [
    {
      method: 'GET',
      path: '/v1/transport_keys',
      rules: ['transport_keys:get'],
      summary: 'List the transport keys',
      accepts: 'json',
      query: {
        plugin_name: z.string().describe('Those of exactly this plugin.'),
        ...pagingParameters,
      },
      shows: pageShown('transport_keys', z.url()),
      answers: [200, 401, 403, 406],
      async handle({ ctx, base, query }) {
        const request = decodePaging(query, paging)
        const pluginName = unquotePlus(query.get('plugin_name') ?? '')
        const filter = pluginName === '' ? {} : { pluginName }
        const page = await transportKeys.list(ctx, { ...request, ...filter })
        const href = `${base}/v1/transport_keys`
        return json(
          200,
          renderPage(page, { key: 'transport_keys', href, request, query }, ({ id }) =>
            transportKeyRef(base, id),
          ),
        )
      },
    },
    {
      method: 'POST',
      path: '/v1/transport_keys',
      rules: ['transport_keys:post'],
      summary: 'Add a transport key',
      accepts: 'json',
      body: { schema: newTransportKeyBody },
      shows: transportKeyRefShown,
      headers: ['Location'],
      answers: [201, 400, 401, 403, 406, 413, 415],
      async handle(request) {
        const id = await transportKeys.create(request.ctx, async () =>
          decodeNewTransportKey(await request.json(newTransportKeyBody)),
        )
        const ref = transportKeyRef(request.base, id)
        return json(201, { transport_key_ref: ref }, { Location: ref })
      },
    },
    {
      method: 'GET',
      path: '/v1/transport_keys/{transport_key_id}',
      rules: ['transport_key:get'],
      summary: 'Retrieve a transport key',
      accepts: 'json',
      shows: transportKeyShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        const key = await transportKeys.read(ctx, transportKeyIdOf(params))
        return json(200, renderTransportKey(key))
      },
    },
    {
      method: 'DELETE',
      path: '/v1/transport_keys/{transport_key_id}',
      rules: ['transport_key:delete'],
      summary: 'Delete a transport key',
      accepts: 'any',
      answers: [204, 401, 403, 404],
      lookUp,
      async handle({ ctx, params }) {
        await transportKeys.remove(ctx, transportKeyIdOf(params))
        return noContent
      },
    },
  ]
}

function transportKeyIdOf(params: ApiRequest['params']): TransportKeyId | undefined {
  return parseTransportKeyId(params['transport_key_id'] ?? '')
}
