import type { Example } from '../writer/example.ts'

export const quotaExamples: readonly Example[] = [
  {
    title: 'What holds for the project of the token',
    request: 'GET /v1/quotas',
    status: 200,
    answer: { quotas: { secrets: -1, orders: -1, containers: -1, consumers: -1, cas: -1 } },
  },
  {
    title: 'Let a project have no more than two containers',
    request: 'PUT /v1/project-quotas/a3f1c2d4e5b64788990a1b2c3d4e5f60',
    by: 'serviceAdmin',
    body: { project_quotas: { containers: 2, secrets: 1000 } },
    status: 204,
  },
  {
    title: 'A number that no database holds',
    request: 'PUT /v1/project-quotas/a3f1c2d4e5b64788990a1b2c3d4e5f60',
    by: 'serviceAdmin',
    body: { project_quotas: { containers: 3000000000 } },
    status: 400,
    answer: {
      code: 400,
      title: 'Bad Request',
      description:
        'Property project_quotas.containers is not valid: a whole number from -2147483648 to 2147483647 is wanted; negative means no limit.',
    },
  },
  {
    title: 'What was set for a project',
    request: 'GET /v1/project-quotas/a3f1c2d4e5b64788990a1b2c3d4e5f60',
    by: 'serviceAdmin',
    status: 200,
    answer: {
      project_quotas: { secrets: 1000, orders: null, containers: 2, consumers: null, cas: null },
    },
  },
  {
    title: 'Nobody else may look',
    request: 'GET /v1/project-quotas/a3f1c2d4e5b64788990a1b2c3d4e5f60',
    status: 403,
    answer: {
      code: 403,
      title: 'Forbidden',
      description:
        'project_quotas:get refused: it needs role key-manager:service-admin; your roles: creator, member.',
    },
  },
  {
    title: 'All that was set',
    request: 'GET /v1/project-quotas',
    by: 'serviceAdmin',
    status: 200,
    answer: {
      project_quotas: [
        {
          project_id: 'a3f1c2d4e5b64788990a1b2c3d4e5f60',
          project_quotas: {
            secrets: 1000,
            orders: null,
            containers: 2,
            consumers: null,
            cas: null,
          },
        },
      ],
      total: 1,
    },
  },
  {
    title: 'Set nothing any more',
    request: 'DELETE /v1/project-quotas/a3f1c2d4e5b64788990a1b2c3d4e5f60',
    by: 'serviceAdmin',
    status: 204,
  },
  {
    title: 'There was nothing set',
    request: 'DELETE /v1/project-quotas/a3f1c2d4e5b64788990a1b2c3d4e5f60',
    by: 'serviceAdmin',
    status: 404,
    answer: { code: 404, title: 'Not Found', description: 'No quotas are set for this project.' },
  },
]
