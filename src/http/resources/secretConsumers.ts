import type { SecretConsumers } from '../../domain/secretConsumers.ts'
import type { SecretConsumerName } from '../../model/secretConsumer.ts'
import { json } from '../answers.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import { decodeSecretConsumer, secretConsumerBody } from '../decode/secretConsumer.ts'
import { pageShown, renderPage } from '../render/page.ts'
import { renderSecret, type SecretRenderOptions, secretRef, secretShown } from '../render/secret.ts'
import { renderSecretConsumer, secretConsumerShown } from '../render/secretConsumer.ts'
import type { ApiRequest, Route } from '../route.ts'
import { consumerIdOf } from './containerConsumers.ts'
import { secretIdOf } from './secrets.ts'

const COLLECTION = '/v1/secrets/{secret_id}/consumers'

interface Options {
  readonly paging: PagingLimits
  readonly nameless: SecretRenderOptions['nameless']
}

/** Who uses a secret (contract 03). POST and DELETE answer 200 with the secret itself (Q58). */
export function secretConsumerRoutes(
  consumers: SecretConsumers,
  { paging, nameless }: Options,
): readonly Route[] {
  const lookUp = ({ params }: ApiRequest): Promise<void> => consumers.lookUp(secretIdOf(params))

  const named = async (request: ApiRequest): Promise<SecretConsumerName> =>
    decodeSecretConsumer(await request.json(secretConsumerBody))

  const collectionRef = ({ base, params }: ApiRequest): string =>
    `${secretRef(base, secretIdOf(params) ?? '')}/consumers`

  return [
    {
      method: 'GET',
      path: COLLECTION,
      rules: ['secret_consumers:get'],
      summary: 'List the consumers of a secret',
      accepts: 'json',
      query: pagingParameters,
      shows: pageShown('consumers', secretConsumerShown),
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle(request) {
        const { ctx, params, query } = request
        const page = decodePaging(query, paging)
        const found = await consumers.list(ctx, secretIdOf(params), page)
        const options = { key: 'consumers', href: collectionRef(request), request: page, query }
        return json(200, renderPage(found, options, renderSecretConsumer))
      },
    },
    {
      method: 'POST',
      path: COLLECTION,
      rules: ['secret_consumers:post'],
      summary: 'Register a consumer of a secret; once more is no error',
      accepts: 'json',
      body: { schema: secretConsumerBody },
      shows: secretShown,
      headers: ['Location'],
      answers: [200, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        const { ctx, params, base } = request
        const shown = await consumers.register(ctx, secretIdOf(params), () => named(request))
        // The reference names a collection that does not exist (Q18).
        return json(200, renderSecret(shown, { base, nameless }), {
          Location: collectionRef(request),
        })
      },
    },
    {
      method: 'DELETE',
      path: COLLECTION,
      rules: ['secret_consumers:delete'],
      summary: 'Remove the consumer of a secret that the body names',
      accepts: 'json',
      body: { schema: secretConsumerBody },
      shows: secretShown,
      answers: [200, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        const { ctx, params, base } = request
        const shown = await consumers.remove(ctx, secretIdOf(params), () => named(request))
        return json(200, renderSecret(shown, { base, nameless }))
      },
    },
    {
      method: 'GET',
      path: `${COLLECTION}/{consumer_id}`,
      rules: ['secret_consumers:get'],
      summary: 'Retrieve one consumer of a secret',
      accepts: 'json',
      shows: secretConsumerShown,
      answers: [200, 401, 403, 404, 406],
      lookUp: ({ params }) => consumers.lookUpOne(secretIdOf(params), consumerIdOf(params)),
      async handle({ ctx, params }) {
        const consumer = await consumers.read(ctx, secretIdOf(params), consumerIdOf(params))
        return json(200, renderSecretConsumer(consumer))
      },
    },
  ]
}
