import type { ProjectQuotaSettings } from '../../domain/quotas.ts'
import type { ProjectId } from '../../lib/ids.ts'
import type { QuotaResource } from '../../model/quota.ts'
import { json, noContent } from '../answers.ts'
import { decodePaging, type PagingLimits, pagingParameters } from '../decode/paging.ts'
import { projectQuotasBody } from '../decode/projectQuotas.ts'
import { pageShown, renderPage } from '../render/page.ts'
import {
  listedProjectQuotasShown,
  projectQuotasShown,
  quotasShown,
  renderQuotas,
} from '../render/quotas.ts'
import type { ApiRequest, Route } from '../route.ts'

/** /v1/quotas and /v1/project-quotas (contract 07). */
export function quotaRoutes(quotas: ProjectQuotaSettings, paging: PagingLimits): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/quotas',
      rules: ['quotas:get'],
      summary: 'Retrieve the quotas in force for the project of the token',
      accepts: 'json',
      shows: quotasShown,
      answers: [200, 401, 403, 406],
      async handle({ ctx }) {
        return json(200, { quotas: renderQuotas(await quotas.effective(ctx)) })
      },
    },
    {
      method: 'GET',
      path: '/v1/project-quotas',
      rules: ['project_quotas:get'],
      summary: 'List the quotas that were set for projects',
      accepts: 'json',
      query: pagingParameters,
      shows: pageShown('project_quotas', listedProjectQuotasShown),
      answers: [200, 401, 403, 406],
      async handle({ ctx, base, query }) {
        const request = decodePaging(query, paging)
        const page = await quotas.list(ctx, request)
        const href = `${base}/v1/project-quotas`
        const options = { key: 'project_quotas', href, request, query, linksWhenEmpty: true }
        return json(
          200,
          renderPage(page, options, (set) => ({
            project_id: set.projectId,
            project_quotas: renderQuotas(set.quotas),
          })),
        )
      },
    },
    {
      method: 'GET',
      path: '/v1/project-quotas/{project_id}',
      rules: ['project_quotas:get'],
      summary: 'Retrieve the quotas that were set for a project; null is what was not set',
      accepts: 'json',
      shows: projectQuotasShown,
      answers: [200, 401, 403, 404, 406],
      async handle({ ctx, params }) {
        const set = await quotas.read(ctx, projectIdOf(params))
        return json(200, { project_quotas: renderQuotas(set.quotas) })
      },
    },
    {
      method: 'PUT',
      path: '/v1/project-quotas/{project_id}',
      rules: ['project_quotas:put'],
      summary: 'Set quotas of a project; those left out stay as they are',
      accepts: 'json',
      body: { schema: projectQuotasBody },
      answers: [204, 400, 401, 403, 406, 413, 415],
      async handle(request) {
        await quotas.set(request.ctx, projectIdOf(request.params), async () =>
          given((await request.json(projectQuotasBody)).project_quotas),
        )
        return noContent
      },
    },
    {
      method: 'DELETE',
      path: '/v1/project-quotas/{project_id}',
      rules: ['project_quotas:delete'],
      summary: 'Remove the quotas of a project; the configured ones count again',
      accepts: 'any',
      answers: [204, 401, 403, 404],
      async handle({ ctx, params }) {
        await quotas.remove(ctx, projectIdOf(params))
        return noContent
      },
    },
  ]
}

/** Keystone's id, any text: nobody verifies it (contract 07). */
function projectIdOf(params: ApiRequest['params']): ProjectId {
  return (params['project_id'] ?? '') as ProjectId
}

function given(
  quotas: Readonly<{ [R in QuotaResource]?: number | undefined }>,
): Readonly<Partial<Record<QuotaResource, number>>> {
  const present = Object.entries(quotas).filter(([, quota]) => quota !== undefined)
  return Object.fromEntries(present) as Readonly<Partial<Record<QuotaResource, number>>>
}
