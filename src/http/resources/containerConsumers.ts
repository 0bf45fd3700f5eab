import type { ContainerConsumers } from '../../domain/containerConsumers.ts'
import { type ConsumerId, parseConsumerId } from '../../lib/ids.ts'
import type { ConsumerName } from '../../model/containerConsumer.ts'
import { json } from '../answers.ts'
import { containerConsumerBody, decodeContainerConsumer } from '../decode/containerConsumer.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import {
  containerConsumerShown,
  containerRef,
  containerShown,
  renderContainer,
  renderContainerConsumer,
} from '../render/container.ts'
import { pageShown, renderPage } from '../render/page.ts'
import type { ApiRequest, Route } from '../route.ts'
import { containerIdOf } from './containers.ts'

const COLLECTION = '/v1/containers/{container_id}/consumers'

/** Who uses a container (contract 03). POST and DELETE answer 200 and the container (Q58). */
export function containerConsumerRoutes(
  consumers: ContainerConsumers,
  paging: PagingLimits,
): readonly Route[] {
  const lookUp = ({ params }: ApiRequest): Promise<void> => consumers.lookUp(containerIdOf(params))

  const named = async (request: ApiRequest): Promise<ConsumerName> =>
    decodeContainerConsumer(await request.json(containerConsumerBody))

  const hrefOf = ({ base, params }: ApiRequest): string =>
    `${containerRef(base, containerIdOf(params) ?? '')}/consumers`

  return [
    {
      method: 'POST',
      path: COLLECTION,
      rules: ['container_consumers:post'],
      summary: 'Register a consumer of a container, or find it registered',
      accepts: 'json',
      body: { schema: containerConsumerBody },
      shows: containerShown,
      headers: ['Location'],
      answers: [200, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        const { ctx, params, base } = request
        const container = await consumers.add(ctx, containerIdOf(params), () => named(request))
        return json(200, renderContainer(container, base), { Location: hrefOf(request) })
      },
    },
    {
      method: 'GET',
      path: COLLECTION,
      rules: ['container_consumers:get'],
      summary: 'List the consumers of a container',
      accepts: 'json',
      query: pagingParameters,
      shows: pageShown('consumers', containerConsumerShown),
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle(request) {
        const { ctx, params, query } = request
        const wanted = decodePaging(query, paging)
        const page = await consumers.list(ctx, containerIdOf(params), wanted)
        const options = { key: 'consumers', href: hrefOf(request), request: wanted, query }
        return json(200, renderPage(page, options, renderContainerConsumer))
      },
    },
    {
      method: 'DELETE',
      path: COLLECTION,
      rules: ['container_consumers:delete'],
      summary: 'Remove a consumer of a container; the body names it as when it was registered',
      accepts: 'json',
      body: { schema: containerConsumerBody },
      shows: containerShown,
      answers: [200, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        const { ctx, params, base } = request
        const container = await consumers.remove(ctx, containerIdOf(params), () => named(request))
        return json(200, renderContainer(container, base))
      },
    },
    {
      method: 'GET',
      path: `${COLLECTION}/{consumer_id}`,
      rules: ['consumer:get'],
      summary: 'Retrieve one consumer of a container',
      accepts: 'json',
      shows: containerConsumerShown,
      answers: [200, 401, 403, 404, 406],
      lookUp: ({ params }) => consumers.lookUpOne(containerIdOf(params), consumerIdOf(params)),
      async handle({ ctx, params }) {
        const consumer = await consumers.read(ctx, containerIdOf(params), consumerIdOf(params))
        return json(200, renderContainerConsumer(consumer))
      },
    },
  ]
}

export function consumerIdOf(params: ApiRequest['params']): ConsumerId | undefined {
  return parseConsumerId(params['consumer_id'] ?? '')
}
