import { errorShown } from '../../src/http/answers.ts'
import { DEFAULT_RULES, type RuleName } from '../../src/policy/defaultRules.ts'
import type {
  AnswerOf,
  ApiReference,
  Content,
  Operation,
  Parameter,
  PolicyOf,
  ShownExample,
} from './apiReference.ts'
import type { Described, Resource } from './described.ts'
import { nameOf } from './described.ts'
import { curl, EXAMPLE_BASE, type Example, operationOf } from './example.ts'
import { HEADERS, requestParameters } from './headers.ts'
import { type JsonSchema, SchemaWriter } from './schemas.ts'
import { meaningOf, OF_EVERY_OPERATION } from './statuses.ts'

/** The OpenAPI 3.1 document of the operations, from their records, schemas and examples. */
export function openApiDocument(
  operations: readonly Described[],
  resources: readonly Resource[],
  version: string,
): ApiReference {
  const schemas = new SchemaWriter()
  const errorSchema = schemas.write(errorShown)
  const paths: Record<string, Record<string, Operation>> = {}
  const errors = new Set<number>()
  for (const described of operations) {
    const resource = resourceOf(described, resources)
    const statuses = statusesOf(described)
    if (described.isText !== true)
      for (const status of statuses) if (status >= 400) errors.add(status)
    paths[described.path] ??= {}
    Object.assign(paths[described.path] ?? {}, {
      [described.method.toLowerCase()]: operation(described, { resource, operations, schemas }),
    })
  }
  const refusals = [...errors].toSorted((a, b) => a - b)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gatehouse',
      version,
      description: ABOUT,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: EXAMPLE_BASE }],
    tags: resources.map(({ name, about: [description = ''] }) => ({ name, description })),
    security: [{ token: [] }, { token: [], serviceToken: [] }],
    paths,
    components: {
      schemas: schemas.components,
      headers: HEADERS,
      responses: Object.fromEntries(
        refusals.map((status) => [errorName(status), refusal(status, errorSchema)]),
      ),
      securitySchemes: SECURITY,
    },
  } as ApiReference
}

const ABOUT =
  "OpenStack's Key Manager v1 API as Gatehouse serves it. Written from the route records, their schemas and the policy; every example is replayed by a test."

const SECURITY = {
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Auth-Token',
    description: "A token for a project: Keystone's, or one that `gatehouse token issue` made.",
  },
  serviceToken: {
    type: 'apiKey',
    in: 'header',
    name: 'X-Service-Token',
    description:
      "With Keystone: the token of a service that asks for a user. With it the user's token may have expired.",
  },
}

/** Every status that an operation can answer, those of its record and those of all. */
export function statusesOf({ answers, isPublic }: Described): readonly number[] {
  const statuses = isPublic ? answers : [...answers, ...OF_EVERY_OPERATION]
  return [...new Set(statuses)].toSorted((a, b) => a - b)
}

export function resourceOf({ path }: Described, resources: readonly Resource[]): Resource {
  const owners = resources.filter((resource) => resource.owns(path))
  const [owner] = owners
  if (owner === undefined || owners.length > 1) {
    throw new Error(`${path} belongs to ${owners.length} pages of the reference; one is wanted`)
  }
  return owner
}

interface Around {
  readonly resource: Resource
  readonly operations: readonly Described[]
  readonly schemas: SchemaWriter
}

function operation(described: Described, { resource, operations, schemas }: Around): Operation {
  const { method, path, summary, query, body, isPublic } = described
  const notes = resource.notes[nameOf(described)] ?? []
  const policy = described.rules.map(policyOf)
  const examples = resource.examples.filter(
    (it) => it.isSetup !== true && operationOf(it, operations) === described,
  )
  return {
    operationId: operationId(method, path),
    tags: [resource.name],
    summary,
    description: [...notes, ...policy.map(policySentence)].join('\n\n') || summary,
    ...(isPublic ? { security: [] } : {}),
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => pathParameter(name)),
      ...Object.entries(query ?? {}).map(([name, schema]) => {
        const { description = '', ...rest } = schemas.write(schema)
        return { name, in: 'query' as const, description, schema: rest }
      }),
      ...requestParameters(described),
    ],
    ...(body === undefined ? {} : { requestBody: requestBody(body, schemas, examples) }),
    responses: Object.fromEntries(
      statusesOf(described).map((status) => [
        String(status),
        status >= 400 && described.isText !== true
          ? { $ref: `#/components/responses/${errorName(status)}` }
          : success(described, status, schemas, examples),
      ]),
    ),
    'x-answers': described.answers,
    'x-policy': policy,
    'x-notes': notes,
    'x-examples': examples.map(shown),
  }
}

function operationId(method: string, path: string): string {
  const name = path
    .replace(/^\/v1\//, '')
    .replace(/[{}]/g, '')
    .replace(/[^A-Za-z0-9]+/g, '_')
  return `${method.toLowerCase()}_${name.replace(/^_|_$/g, '') || 'versions'}`
}

function pathParameter(name: string): Parameter {
  const description = PATH_PARAMETERS[name]
  if (description === undefined) throw new Error(`path parameter ${name} is not described`)
  return { name, in: 'path', required: true, description, schema: { type: 'string' } }
}

const UUID = 'A UUID of version 4, in lower case: the last element of its href.'
const PATH_PARAMETERS: Readonly<Record<string, string>> = {
  secret_id: UUID,
  container_id: UUID,
  order_id: UUID,
  transport_key_id: UUID,
  secret_store_id: 'The last element of secret_store_ref.',
  consumer_id: 'A UUID of version 4; the API shows it nowhere.',
  key: 'The key, in lower case: as it is kept.',
  project_id: "Keystone's id of any project; nobody looks whether there is one.",
}

function policyOf(name: RuleName): PolicyOf {
  const rule = DEFAULT_RULES.find((it) => it.name === name)
  if (rule === undefined) throw new Error(`no rule ${name}`)
  return { rule: name, default: rule.legacy, new_defaults: rule.current }
}

function policySentence(policy: PolicyOf): string {
  return `Policy \`${policy.rule}\`: by default \`${policy.default}\`, with enforce_new_defaults \`${policy.new_defaults}\`.`
}

function requestBody(
  body: NonNullable<Described['body']>,
  schemas: SchemaWriter,
  examples: readonly Example[],
): NonNullable<Operation['requestBody']> {
  if (body === 'payload') {
    const schema = { type: 'string' }
    const content = { 'application/octet-stream': { schema }, 'text/plain': { schema } }
    return { required: true, content }
  }
  const given = examples.filter(({ body, status }) => body !== undefined && status < 400)
  const values = given.map((it) => [slug(it.title), { summary: it.title, value: it.body }])
  return {
    required: true,
    content: {
      'application/json': {
        schema: schemas.write(body.schema),
        ...(values.length === 0 ? {} : { examples: Object.fromEntries(values) }),
      },
    },
  }
}

function success(
  described: Described,
  status: number,
  schemas: SchemaWriter,
  examples: readonly Example[],
): AnswerOf {
  const { title, when } = meaningOf(status)
  const names = described.isText ? [] : headersOf(described, status)
  return {
    description: `${title}. ${when}`,
    ...(names.length === 0 ? {} : { headers: Object.fromEntries(names.map(headerRef)) }),
    ...(status === 204 || status === 302 || status === 304
      ? {}
      : { content: contentOf(described, status, schemas, examples) }),
  }
}

function contentOf(
  { shows, showsPayload, isText }: Described,
  status: number,
  schemas: SchemaWriter,
  examples: readonly Example[],
): Readonly<Record<string, Content>> {
  const text = { schema: { type: 'string' } }
  if (isText) return { 'text/plain': text }
  const values = examples
    .filter((it) => it.status === status && typeof it.answer !== 'string')
    .map((it) => [slug(it.title), { summary: it.title, value: it.answer }])
  const json = shows === undefined ? undefined : { schema: schemas.write(shows) }
  return {
    ...(json === undefined
      ? {}
      : {
          'application/json': {
            ...json,
            ...(values.length === 0 ? {} : { examples: Object.fromEntries(values) }),
          },
        }),
    ...(showsPayload
      ? { 'application/octet-stream': text, 'application/pkcs8': text, 'text/plain': text }
      : {}),
  }
}

function headersOf({ headers = [] }: Described, status: number): readonly string[] {
  const common = ['X-OpenStack-Request-Id', 'OpenStack-API-Version', 'Vary']
  if (status === 302) return [...common, 'Location']
  if (status === 304) return [...common, 'ETag']
  if (status === 204) return common
  return [...common, ...headers]
}

function headerRef(name: string): readonly [string, object] {
  return [name, { $ref: `#/components/headers/${name}` }]
}

function errorName(status: number): string {
  return meaningOf(status).title.replaceAll(' ', '')
}

function refusal(status: number, schema: JsonSchema): AnswerOf {
  const { title, when } = meaningOf(status)
  const own: Readonly<Record<number, string>> = {
    401: 'WWW-Authenticate',
    405: 'Allow',
    429: 'Retry-After',
    503: 'Retry-After',
  }
  const names = ['X-OpenStack-Request-Id', ...(own[status] === undefined ? [] : [own[status]])]
  return {
    description: `${title}. ${when}`,
    headers: Object.fromEntries(names.map(headerRef)),
    content: { 'application/json': { schema } },
  }
}

function shown(example: Example): ShownExample {
  const { title, by = 'creator', status, answerHeaders = {}, answer } = example
  const request = curl(example)
  return {
    ...{ title, by, request, status, headers: answerHeaders },
    ...(answer === undefined ? {} : { answer }),
  }
}

function slug(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
