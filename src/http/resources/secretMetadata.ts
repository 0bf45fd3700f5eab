import type { Metadatum, SecretMetadata } from '../../domain/secretMetadata.ts'
import { json, noContent } from '../answers.ts'
import { foldedMetadata, metadataBody, metadatumBody } from '../decode/metadata.ts'
import { metadataRefShown, metadataShown, metadatumShown } from '../render/metadata.ts'
import { secretRef } from '../render/secret.ts'
import type { ApiRequest, Route } from '../route.ts'
import { secretIdOf } from './secrets.ts'

const COLLECTION = '/v1/secrets/{secret_id}/metadata'
const ITEM = '/v1/secrets/{secret_id}/metadata/{key}'

/** A user's notes on a secret (contract 02). */
export function secretMetadataRoutes(metadata: SecretMetadata): readonly Route[] {
  const metadatum = async (request: ApiRequest): Promise<Metadatum> => {
    const { key, value } = await request.json(metadatumBody)
    return { key: key.toLowerCase(), value }
  }

  const lookUp = ({ params }: ApiRequest): Promise<void> => metadata.lookUp(secretIdOf(params))

  return [
    {
      method: 'GET',
      path: COLLECTION,
      rules: ['secret_meta:get'],
      summary: "List a secret's user metadata",
      accepts: 'json',
      shows: metadataShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        const entries = await metadata.all(ctx, secretIdOf(params))
        return json(200, { metadata: Object.fromEntries(entries) })
      },
    },
    {
      method: 'PUT',
      path: COLLECTION,
      rules: ['secret_meta:put'],
      summary: "Replace a secret's user metadata",
      accepts: 'json',
      body: { schema: metadataBody },
      shows: metadataRefShown,
      answers: [201, 400, 401, 403, 404, 406, 413, 415],
      lookUp,
      async handle(request) {
        const id = secretIdOf(request.params)
        await metadata.replaceAll(request.ctx, id, async () =>
          foldedMetadata((await request.json(metadataBody)).metadata),
        )
        return json(201, { metadata_ref: `${secretRef(request.base, id ?? '')}/metadata` })
      },
    },
    {
      method: 'POST',
      path: COLLECTION,
      rules: ['secret_meta:post'],
      summary: "Add one entry to a secret's user metadata",
      accepts: 'json',
      body: { schema: metadatumBody },
      shows: metadatumShown,
      headers: ['Location'],
      answers: [201, 400, 401, 403, 404, 406, 409, 413, 415],
      lookUp,
      async handle(request) {
        const id = secretIdOf(request.params)
        const added = await metadata.add(request.ctx, id, () => metadatum(request))
        const href = `${secretRef(request.base, id ?? '')}/metadata/${added.key}`
        return json(201, added, { Location: href })
      },
    },
    {
      method: 'GET',
      path: ITEM,
      rules: ['secret_meta:get'],
      summary: "Retrieve one entry of a secret's user metadata",
      accepts: 'json',
      shows: metadatumShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params }) {
        return json(200, await metadata.get(ctx, secretIdOf(params), params['key'] ?? ''))
      },
    },
    {
      method: 'PUT',
      path: ITEM,
      rules: ['secret_meta:put'],
      summary: "Replace one entry of a secret's user metadata",
      accepts: 'json',
      body: { schema: metadatumBody },
      shows: metadatumShown,
      answers: [200, 400, 401, 403, 404, 406, 409, 413, 415],
      lookUp,
      async handle(request) {
        const { ctx, params } = request
        const changed = await metadata.set(ctx, secretIdOf(params), params['key'] ?? '', () =>
          metadatum(request),
        )
        return json(200, changed)
      },
    },
    {
      method: 'DELETE',
      path: ITEM,
      rules: ['secret_meta:delete'],
      summary: "Delete one entry of a secret's user metadata",
      accepts: 'any',
      answers: [204, 401, 403, 404],
      lookUp,
      async handle({ ctx, params }) {
        await metadata.remove(ctx, secretIdOf(params), params['key'] ?? '')
        return noContent
      },
    },
  ]
}
