import { z } from 'zod'
import type { SecretStores } from '../../domain/secretStores.ts'
import { parseSecretStoreId } from '../../lib/ids.ts'
import { json, noContent } from '../answers.ts'
import { renderSecretStore, secretStoreShown } from '../render/secretStore.ts'
import type { ApiRequest, Route } from '../route.ts'

/** /v1/secret-stores (contract 08). The words come before the ids: the router takes the first that fits. */
export function secretStoreRoutes(stores: SecretStores): readonly Route[] {
  const lookUp = ({ ctx, params }: ApiRequest): Promise<void> =>
    stores.lookUp(ctx, storeIdOf(params))

  return [
    {
      method: 'GET',
      path: '/v1/secret-stores',
      rules: ['secretstores:get'],
      summary: 'List the secret stores',
      accepts: 'json',
      shows: z.object({ secret_stores: z.array(secretStoreShown) }),
      answers: [200, 401, 403, 404, 406],
      async handle({ ctx, base }) {
        const found = await stores.list(ctx)
        return json(200, { secret_stores: found.map((store) => renderSecretStore(store, base)) })
      },
    },
    {
      method: 'GET',
      path: '/v1/secret-stores/global-default',
      rules: ['secretstores:get_global_default'],
      summary: 'Retrieve the secret store of projects that prefer none',
      accepts: 'json',
      shows: secretStoreShown,
      answers: [200, 401, 403, 404, 406],
      async handle({ ctx, base }) {
        return json(200, renderSecretStore(await stores.globalDefault(ctx), base))
      },
    },
    {
      method: 'GET',
      path: '/v1/secret-stores/preferred',
      rules: ['secretstores:get_preferred'],
      summary: 'Retrieve the secret store that the project prefers',
      accepts: 'json',
      shows: secretStoreShown,
      answers: [200, 401, 403, 404, 406],
      async handle({ ctx, base }) {
        return json(200, renderSecretStore(await stores.preferred(ctx), base))
      },
    },
    {
      method: 'GET',
      path: '/v1/secret-stores/{secret_store_id}',
      rules: ['secretstore:get'],
      summary: 'Retrieve a secret store',
      accepts: 'json',
      shows: secretStoreShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params, base }) {
        return json(200, renderSecretStore(await stores.read(ctx, storeIdOf(params)), base))
      },
    },
    {
      method: 'POST',
      path: '/v1/secret-stores/{secret_store_id}/preferred',
      rules: ['secretstore_preferred:post'],
      summary: 'Prefer a secret store for new secrets of the project; a body is not read',
      accepts: 'json',
      answers: [204, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        await stores.prefer(ctx, storeIdOf(params))
        return noContent
      },
    },
    {
      method: 'DELETE',
      path: '/v1/secret-stores/{secret_store_id}/preferred',
      rules: ['secretstore_preferred:delete'],
      summary: 'Prefer no secret store any more, whichever it was',
      accepts: 'json',
      answers: [204, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        await stores.removePreference(ctx, storeIdOf(params))
        return noContent
      },
    },
  ]
}

/** Free text on the wire (contract 08): what is no id of ours is simply not found. */
function storeIdOf(params: ApiRequest['params']) {
  return parseSecretStoreId(params['secret_store_id'] ?? '')
}
