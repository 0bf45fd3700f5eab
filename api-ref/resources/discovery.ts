import { z } from 'zod'
import { discoveryExamples } from '../examples/discovery.ts'
import type { Described, Resource } from '../writer/described.ts'

const link = z.object({ rel: z.string(), type: z.string().optional(), href: z.url() })

const versionShown = z
  .object({
    id: z.literal('v1'),
    status: z.enum(['stable', 'CURRENT']).describe('CURRENT from microversion 1.1 on.'),
    min_version: z.string().optional().describe('From microversion 1.1 on.'),
    max_version: z.string().optional().describe('From microversion 1.1 on.'),
    'media-types': z
      .array(z.object({ base: z.string(), type: z.string() }))
      .optional()
      .describe('At microversion 1.0.'),
    links: z.array(link),
  })
  .meta({ id: 'Version' })

const none = { rules: [], accepts: 'json' } as const

/** What is decided before any route is looked for. */
const operations: readonly Described[] = [
  {
    ...none,
    method: 'GET',
    path: '/',
    summary: 'List the versions of the API',
    isPublic: true,
    query: {
      build: z.string().describe('If it is there, whatever its value: the release instead.'),
    },
    shows: z.union([
      z.object({
        versions: z.union([
          z.array(versionShown),
          z.object({ values: z.array(versionShown) }).describe('At microversion 1.0.'),
        ]),
      }),
      z.object({ build: z.string() }).describe('Where the query has build.'),
    ]),
    answers: [200, 300, 302, 400, 406],
  },
  {
    ...none,
    method: 'GET',
    path: '/v1',
    summary: 'Describe this version of the API',
    shows: z.object({ version: versionShown }),
    answers: [200],
  },
  {
    ...none,
    method: 'GET',
    path: '/v1/openapi.json',
    summary: 'Retrieve this reference as an OpenAPI 3.1 document',
    isPublic: true,
    shows: z.looseObject({ openapi: z.string() }),
    headers: ['ETag', 'Cache-Control'],
    answers: [200, 304, 400, 406, 503],
  },
  {
    ...none,
    method: 'GET',
    path: '/healthcheck',
    summary: 'Ask whether this server wants work',
    isPublic: true,
    isText: true,
    answers: [200, 503],
  },
]

export const discovery: Resource = {
  name: 'discovery-and-errors',
  title: 'Discovery, headers and errors',
  about: [
    'How to find the API, what holds for every operation, and what its refusals mean.',
    'Every operation but the three that say so wants a token for a project in `X-Auth-Token`. A service that asks for a user adds its own in `X-Service-Token`; with Keystone the token of the user may then have expired.',
    'The microversion is asked for in `OpenStack-API-Version`. 1.1 adds `consumers` to secrets, and the newer shape of the version documents; 1.2 has DELETE refuse a secret that has consumers, unless `force` is given.',
    '`Accept` has to allow `application/json` unless a page says otherwise, else 406, before the policy is asked. Bodies are JSON with `Content-Type: application/json`, else 415. Answers are JSON in ASCII: other characters are escaped.',
    'Checks come in this order: token (401), microversion (400, 406), what the path names (404), method (405), `Accept` (406), policy (403), `Content-Type` (415), body (413, 400), quota (403), what the request does (404, 409).',
    'A refusal is `{"code", "title", "description"}`. Clients match on `title`, which is the reason phrase; `description` is for people and may change. 401 has the same once more in `error`, as from the middleware of Keystone.',
    'Lists have `total`, and `next` and `previous` where there is more. They keep the filters of the request. A page beyond the end is empty and has no links.',
    'Times are UTC without a zone, with microseconds unless those are 0. Ids are UUIDs of version 4 in lower case; any other spelling is 404.',
    'Doubled slashes and one at the end do not matter. HEAD is 405 everywhere but at `/healthcheck`; OPTIONS is 200 without a body.',
  ],
  owns: (path) => ['/', '/v1', '/v1/openapi.json', '/healthcheck'].includes(path),
  notes: {
    'GET /': [
      '300 with the one version there is, in two shapes: at microversion 1.0 `versions` is an object with `values`, from 1.1 on a list. With Accept `application/json-home` it is 302 to `/v1/`.',
    ],
    'GET /v1/openapi.json': [
      'A token is not looked at, even a wrong one. `servers` is the address that this server has for its clients.',
    ],
    'GET /healthcheck': [
      'Any method will do; HEAD is 204. It is 503 while the operator has taken the server out of service by a file. With Accept `application/json` or `text/html` it answers in kind. It looks at nothing but that file.',
    ],
  },
  operations,
  examples: discoveryExamples,
}
