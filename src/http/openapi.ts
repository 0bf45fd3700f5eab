import { z } from 'zod'
import type { Route } from './route.ts'

const ERROR = {
  type: 'object',
  required: ['code', 'title', 'description'],
  properties: {
    code: { type: 'integer' },
    title: { type: 'string', description: 'The reason phrase; clients match on it.' },
    description: { type: ['string', 'null'] },
  },
}

/** The OpenAPI 3.1 document of the routes, from their records and schemas. */
export function openApiDocument(routes: readonly Route[], version: string): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    paths[route.path] ??= {}
    Object.assign(paths[route.path] ?? {}, { [route.method.toLowerCase()]: operation(route) })
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version,
      description: "OpenStack's Key Manager v1 API.",
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://127.0.0.1:9311' }],
    security: [{ token: [] }],
    paths,
    components: {
      schemas: { Error: ERROR },
      securitySchemes: { token: { type: 'apiKey', in: 'header', name: 'X-Auth-Token' } },
    },
  }
}

function operation(route: Route): object {
  const name = route.path
    .replace(/^\/v1\//, '')
    .replace(/[{}]/g, '')
    .replace(/\//g, '_')
  return {
    operationId: `${route.method.toLowerCase()}_${name}`,
    summary: route.summary,
    description: `Policy: ${route.rules.join(', ')}.`,
    parameters: [...route.path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => ({
      name: parameter,
      in: 'path',
      required: true,
      schema: { type: 'string' },
    })),
    ...(route.body === undefined ? {} : { requestBody: requestBody(route.body) }),
    responses: Object.fromEntries(route.answers.map((status) => [String(status), answer(status)])),
  }
}

function requestBody(body: NonNullable<Route['body']>): object {
  if (body === 'payload') {
    const schema = { type: 'string' }
    const content = { 'application/octet-stream': { schema }, 'text/plain': { schema } }
    return { required: true, content }
  }
  const schema = z.toJSONSchema(body.schema, { io: 'input', unrepresentable: 'any' })
  return { required: true, content: { 'application/json': { schema } } }
}

function answer(status: number): object {
  if (status < 400) return { description: DONE[status] ?? 'Done.' }
  const schema = { $ref: '#/components/schemas/Error' }
  return { description: 'Refused.', content: { 'application/json': { schema } } }
}

const DONE: Readonly<Record<number, string>> = {
  201: 'Created; Location says where.',
  202: 'Accepted; Location says where.',
  204: 'Done; there is nothing to say.',
  304: 'Nothing has changed since the ETag in If-None-Match.',
}
