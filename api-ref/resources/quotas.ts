import { quotaExamples } from '../examples/quotas.ts'
import type { Resource } from '../writer/described.ts'

export const quotas: Resource = {
  name: 'quotas',
  title: 'Quotas',
  about: [
    'How many secrets, orders, containers and consumers a project may have. Negative means no limit, and 0 none at all. `cas` is kept for old clients; nothing counts it.',
    'What would be one too many is 403. A secret that an order makes is not refused, but counts later; what is deleted or has expired does not count.',
    'Setting them is for the administrator of the key manager, for any project.',
  ],
  owns: (path) => path === '/v1/quotas' || path.startsWith('/v1/project-quotas'),
  notes: {
    'GET /v1/project-quotas': [
      'Beyond the end `previous` is still there, other than in every other list.',
    ],
    'GET /v1/project-quotas/{project_id}': [
      '404 for a project that has none set, whether there is such a project or not.',
    ],
    'PUT /v1/project-quotas/{project_id}': ['Other properties than these are 400.'],
  },
  examples: quotaExamples,
}
