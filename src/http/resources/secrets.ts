import { z } from 'zod'
import type { Secrets, ShownSecret } from '../../domain/secrets.ts'
import { Fault } from '../../lib/fault.ts'
import { parseSecretId, type SecretId } from '../../lib/ids.ts'
import type { Microversion } from '../../model/requestContext.ts'
import { json, noContent } from '../answers.ts'
import { decodeBoolean } from '../decode/boolean.ts'
import { decodeNewSecret, newSecretBody } from '../decode/newSecret.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import { decodePayloadUpload, payloadUploadParameters } from '../decode/payloadUpload.ts'
import { decodeSecretQuery, secretListParameters } from '../decode/secretQuery.ts'
import { matchesEtag } from '../etag.ts'
import { pageShown, renderPage } from '../render/page.ts'
import { renderPayload, wantsPayload } from '../render/payload.ts'
import {
  renderSecret,
  type SecretRenderOptions,
  secretRef,
  secretRefShown,
  secretShown,
} from '../render/secret.ts'
import type { Answer, ApiRequest, Route } from '../route.ts'

export interface SecretRouteOptions {
  readonly paging: PagingLimits
  readonly maxPayloadBytes: number
  readonly nameless: SecretRenderOptions['nameless']
}

const forceParameter = z
  .string()
  .describe(
    'From microversion 1.2 on: true deletes a secret that still has consumers. Any of 1 t true y yes on and 0 f false n no off.',
  )

const wrappedPayloadParameters = {
  trans_wrapped_session_key: z
    .string()
    .describe(
      'Wants transport_key_id beside it, else 400. No store here wraps: the payload comes in clear.',
    ),
  transport_key_id: z
    .string()
    .describe('Goes with trans_wrapped_session_key, and is ignored without it.'),
}

/** /v1/secrets (contract 01); the hottest first. */
export function secretRoutes(secrets: Secrets, options: SecretRouteOptions): readonly Route[] {
  const { maxPayloadBytes, nameless } = options
  const lookUp = ({ params }: ApiRequest): Promise<void> => secrets.lookUp(secretIdOf(params))

  async function payloadAnswer({ ctx, params, accept, query }: ApiRequest): Promise<Answer> {
    const id = secretIdOf(params)
    const payload = await secrets.readPayload(ctx, id, () => requireTransportKeyId(query))
    return renderPayload(payload, accept)
  }

  function metadataAnswer(request: ApiRequest, shown: ShownSecret): Answer {
    const etag = etagOf(shown, request.ctx.microversion)
    if (matchesEtag(request.header('if-none-match'), etag)) {
      return { status: 304, headers: { ETag: etag } }
    }
    const body = renderSecret(shown, { base: request.base, nameless })
    return json(200, body, { ETag: etag })
  }

  return [
    {
      method: 'GET',
      path: '/v1/secrets/{secret_id}/payload',
      isHot: true,
      isKept: true,
      rules: ['secret:decrypt'],
      summary: 'Retrieve the payload of a secret',
      accepts: 'any',
      showsPayload: true,
      headers: ['Cache-Control'],
      query: wrappedPayloadParameters,
      answers: [200, 204, 400, 401, 403, 404, 406],
      lookUp,
      handle: payloadAnswer,
    },
    {
      method: 'GET',
      path: '/v1/secrets/{secret_id}',
      isHot: true,
      isKept: true,
      rules: ['secret:get', 'secret:decrypt'],
      summary: 'Retrieve the metadata of a secret, or, with Accept of a payload type, its payload',
      accepts: 'any',
      shows: secretShown,
      showsPayload: true,
      headers: ['ETag', 'Cache-Control'],
      query: wrappedPayloadParameters,
      answers: [200, 204, 304, 400, 401, 403, 404, 406],
      lookUp,
      async handle(request) {
        if (wantsPayload(request.accept)) return payloadAnswer(request)
        return metadataAnswer(request, await secrets.read(request.ctx, secretIdOf(request.params)))
      },
    },
    {
      method: 'POST',
      path: '/v1/secrets',
      isHot: true,
      rules: ['secrets:post'],
      summary: 'Create a secret, with its payload or without',
      accepts: 'json',
      body: { schema: newSecretBody },
      shows: secretRefShown,
      headers: ['Location'],
      answers: [201, 400, 401, 403, 406, 413, 415],
      async handle(request) {
        const id = await secrets.create(request.ctx, async () =>
          decodeNewSecret(await request.json(newSecretBody), maxPayloadBytes),
        )
        const ref = secretRef(request.base, id)
        return json(201, { secret_ref: ref }, { Location: ref })
      },
    },
    {
      method: 'GET',
      path: '/v1/secrets',
      rules: ['secrets:get'],
      summary: 'List the secrets of a project',
      accepts: 'json',
      query: { ...secretListParameters, ...pagingParameters },
      shows: pageShown('secrets', secretShown),
      answers: [200, 400, 401, 403, 406],
      async handle({ ctx, base, query }) {
        const paging = decodePaging(query, options.paging)
        const page = await secrets.list(ctx, () => ({ ...paging, ...decodeSecretQuery(query) }))
        const render = { base, nameless }
        const href = `${base}/v1/secrets`
        return json(
          200,
          renderPage(page, { key: 'secrets', href, request: paging, query }, (secret) =>
            renderSecret(secret, render),
          ),
        )
      },
    },
    {
      method: 'PUT',
      path: '/v1/secrets/{secret_id}',
      rules: ['secret:put'],
      summary: 'Store the payload of a secret that was created without one',
      accepts: 'any',
      body: 'payload',
      query: payloadUploadParameters,
      answers: [204, 400, 401, 403, 404, 409, 413, 415],
      lookUp,
      async handle(request) {
        await secrets.storePayload(request.ctx, secretIdOf(request.params), () =>
          decodePayloadUpload(request, maxPayloadBytes),
        )
        return noContent
      },
    },
    {
      method: 'DELETE',
      path: '/v1/secrets/{secret_id}',
      rules: ['secret:delete'],
      summary: 'Delete a secret; its key is destroyed at once',
      accepts: 'any',
      query: { force: forceParameter },
      answers: [204, 400, 401, 403, 404],
      lookUp,
      async handle({ ctx, params, query }) {
        await secrets.remove(ctx, secretIdOf(params), () => {
          // Older clients know neither the refusal nor `force`.
          if (ctx.microversion < 2) return 'remove'
          return decodeBoolean('force', query.get('force')) ? 'remove' : 'refuse'
        })
        return noContent
      },
    },
  ]
}

/**
 * Every consumer that is added moves `updated`, and every one that goes leaves fewer: the two together
 * never come back.
 */
function etagOf({ secret, consumers }: ShownSecret, microversion: Microversion): string {
  const count = consumers === undefined ? '' : `-${consumers.length}`
  return `"1.${microversion}-${secret.updatedAt}${count}"`
}

/** Half a request for a wrapped answer is refused; a whole one is served in clear, as no store here wraps (contract 09). */
function requireTransportKeyId(query: ApiRequest['query']): void {
  if (!query.has('trans_wrapped_session_key') || query.has('transport_key_id')) return
  throw new Fault(
    'badRequest',
    'Query parameter transport_key_id is missing: trans_wrapped_session_key wants it.',
  )
}

export function secretIdOf(params: ApiRequest['params']): SecretId | undefined {
  return parseSecretId(params['secret_id'] ?? '')
}
