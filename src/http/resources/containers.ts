import type { Containers } from '../../domain/containers.ts'
import { type ContainerId, parseContainerId } from '../../lib/ids.ts'
import { json, noContent } from '../answers.ts'
import { containerMemberBody, decodeContainerMember } from '../decode/containerMember.ts'
import { containerListParameters, decodeContainerQuery } from '../decode/containerQuery.ts'
import { decodeNewContainer, newContainerBody } from '../decode/newContainer.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import {
  containerRef,
  containerRefShown,
  containerShown,
  renderContainer,
} from '../render/container.ts'
import { pageShown, renderPage } from '../render/page.ts'
import type { ApiRequest, Route } from '../route.ts'

const ITEM = '/v1/containers/{container_id}'
const MEMBERS = `${ITEM}/secrets`

/** /v1/containers and the secrets in them (contract 04). */
export function containerRoutes(containers: Containers, paging: PagingLimits): readonly Route[] {
  const lookUp = ({ params }: ApiRequest): Promise<void> => containers.lookUp(containerIdOf(params))

  return [
    {
      method: 'GET',
      path: ITEM,
      rules: ['container:get'],
      summary: 'Retrieve a container: its secrets by name and reference, and its consumers',
      accepts: 'json',
      shows: containerShown,
      answers: [200, 401, 403, 404, 406],
      lookUp,
      async handle({ ctx, params, base }) {
        const container = await containers.read(ctx, containerIdOf(params))
        return json(200, renderContainer(container, base))
      },
    },
    {
      method: 'POST',
      path: '/v1/containers',
      rules: ['containers:post'],
      summary: 'Create a container of secrets',
      accepts: 'json',
      body: { schema: newContainerBody },
      shows: containerRefShown,
      headers: ['Location'],
      answers: [201, 400, 401, 403, 404, 406, 413, 415],
      async handle(request) {
        const { ctx, base } = request
        const id = await containers.create(ctx, async () =>
          decodeNewContainer(await request.json(newContainerBody), base),
        )
        const ref = containerRef(base, id)
        return json(201, { container_ref: ref }, { Location: ref })
      },
    },
    {
      method: 'GET',
      path: '/v1/containers',
      rules: ['containers:get'],
      summary: 'List the containers of a project',
      accepts: 'json',
      query: { ...containerListParameters, ...pagingParameters },
      shows: pageShown('containers', containerShown),
      answers: [200, 400, 401, 403, 406],
      async handle({ ctx, base, query }) {
        const request = decodePaging(query, paging)
        const page = await containers.list(ctx, () => ({
          ...request,
          ...decodeContainerQuery(query),
        }))
        const options = { key: 'containers', href: `${base}/v1/containers`, request, query }
        return json(
          200,
          renderPage(page, options, (container) => renderContainer(container, base)),
        )
      },
    },
    {
      method: 'DELETE',
      path: ITEM,
      rules: ['container:delete'],
      summary: 'Delete a container with its consumers; the secrets in it stay',
      accepts: 'any',
      answers: [204, 401, 403, 404],
      lookUp,
      async handle({ ctx, params }) {
        await containers.remove(ctx, containerIdOf(params))
        return noContent
      },
    },
    {
      method: 'POST',
      path: MEMBERS,
      rules: ['container_secret:post'],
      summary: 'Add a secret to a generic container',
      accepts: 'json',
      body: { schema: containerMemberBody },
      shows: containerRefShown,
      headers: ['Location'],
      answers: [201, 400, 401, 403, 404, 406, 409, 413, 415],
      lookUp,
      async handle(request) {
        const id = containerIdOf(request.params)
        await containers.addMember(request.ctx, id, async () =>
          decodeContainerMember(await request.json(containerMemberBody)),
        )
        const ref = containerRef(request.base, id ?? '')
        return json(201, { container_ref: ref }, { Location: ref })
      },
    },
    {
      method: 'DELETE',
      path: MEMBERS,
      rules: ['container_secret:delete'],
      summary: 'Take a secret out of a container; the body names it as when it was added',
      accepts: 'any',
      body: { schema: containerMemberBody },
      answers: [204, 400, 401, 403, 404, 413],
      lookUp,
      async handle(request) {
        const { ctx, params } = request
        await containers.removeMember(ctx, containerIdOf(params), async () =>
          // Whatever Content-Type says, as in Barbican; what is no JSON is 400, not its 500 (Q22).
          decodeContainerMember(await request.json(containerMemberBody, 'any')),
        )
        return noContent
      },
    },
  ]
}

export function containerIdOf(params: ApiRequest['params']): ContainerId | undefined {
  return parseContainerId(params['container_id'] ?? '')
}
