import type { AnswerOf, ApiReference, Operation, Parameter, ShownExample } from './apiReference.ts'
import type { Block, Page } from './block.ts'
import type { Resource } from './described.ts'
import { jsonText } from './example.ts'
import { propertyRows } from './propertyRows.ts'
import { meaningOf, OF_EVERY_OPERATION, STATUSES } from './statuses.ts'

/** One page per resource, from the document and what is said about the whole. */
export function pagesOf(document: ApiReference, resources: readonly Resource[]): readonly Page[] {
  return resources.map((resource) => ({
    name: resource.name,
    title: resource.title,
    blocks: [
      { heading: resource.title, level: 1, id: resource.name },
      ...resource.about.map((text) => ({ text })),
      ...operationsOf(document, resource.name).flatMap((it) => operationBlocks(document, it)),
      ...(resource.name === ERRORS_ON ? statusBlocks() : []),
    ],
  }))
}

/** The page that lists what every status means. */
export const ERRORS_ON = 'discovery-and-errors'

interface Placed {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

export function operationsOf(document: ApiReference, tag: string): readonly Placed[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations)
      .filter(([, operation]) => operation.tags.includes(tag))
      .map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  )
}

function operationBlocks(document: ApiReference, { method, path, operation }: Placed): Block[] {
  const parameters = operation.parameters.filter((it): it is Parameter => 'name' in it)
  const of = (place: Parameter['in']): readonly Parameter[] =>
    parameters.filter((parameter) => parameter.in === place)
  const takesMore = of('path').length + of('query').length + of('header').length
  return [
    { heading: `${method} ${path}`, level: 2, id: operation.operationId },
    { text: `${operation.summary}.` },
    ...operation['x-notes'].map((text) => ({ text })),
    ...(operation.security === undefined ? [] : [{ text: 'No token is asked for.' }]),
    ...(takesMore === 0
      ? []
      : [
          { heading: 'Parameters', level: 3, id: `${operation.operationId}-parameters` } as const,
          {
            columns: ['name', 'in', 'type', 'meaning'],
            rows: parameters.map(parameterRow),
          },
        ]),
    ...bodyBlocks(document, operation),
    ...answerBlocks(document, operation),
    ...policyBlocks(operation),
    ...exampleBlocks(operation),
  ]
}

function parameterRow({ name, in: place, schema, description }: Parameter): readonly string[] {
  const [row] = propertyRows({ type: 'object', properties: { [name]: schema } }, {})
  return [`\`${name}\``, place, row?.type ?? '', description]
}

function bodyBlocks(document: ApiReference, operation: Operation): Block[] {
  const content = operation.requestBody?.content
  if (content === undefined) return []
  const heading: Block = { heading: 'Body', level: 3, id: `${operation.operationId}-body` }
  const json = content['application/json']
  if (json === undefined) {
    const types = Object.keys(content).map((type) => `\`${type}\``)
    return [heading, { text: `The payload itself: Content-Type is ${types.join(' or ')}.` }]
  }
  const rows = propertyRows(json.schema, document.components.schemas)
  return [
    heading,
    {
      columns: ['property', 'type', '', 'meaning'],
      rows: rows.map((row) => [`\`${row.name}\``, row.type, row.presence, row.description]),
    },
  ]
}

function answerBlocks(document: ApiReference, operation: Operation): Block[] {
  const id = `${operation.operationId}-answers`
  const isCommon = (status: number): boolean =>
    status === 401 || !operation['x-answers'].includes(status)
  const own = Object.entries(operation.responses).filter(([status]) => !isCommon(Number(status)))
  const shown = Object.values(operation.responses).find(
    (it): it is AnswerOf => 'content' in it && it.content?.['application/json'] !== undefined,
  )
  const rows =
    shown === undefined
      ? []
      : propertyRows(shown.content?.['application/json']?.schema ?? {}, document.components.schemas)
  return [
    { heading: 'Answers', level: 3, id },
    {
      columns: ['status', 'meaning', 'headers'],
      rows: own.map(([status, it]) => [
        `\`${status}\``,
        'description' in it ? it.description : sentence(Number(status)),
        'headers' in it ? ownHeaders(it) : '',
      ]),
    },
    ...(operation.security === undefined
      ? [{ text: `Like every operation also ${commonList(isCommon)}: [errors](${ERRORS_ON}).` }]
      : []),
    ...(rows.length === 0
      ? []
      : [
          {
            columns: ['property of the answer', 'type', '', 'meaning'],
            rows: rows.map((row) => [
              `\`${row.name}\``,
              row.type,
              row.presence === '' ? 'may be absent' : '',
              row.description,
            ]),
          },
        ]),
  ]
}

function commonList(isCommon: (status: number) => boolean): string {
  return OF_EVERY_OPERATION.filter(isCommon)
    .map((status) => `\`${status}\``)
    .join(', ')
}

const EVERYWHERE = ['X-OpenStack-Request-Id', 'OpenStack-API-Version', 'Vary']

function ownHeaders(answer: AnswerOf): string {
  return Object.keys(answer.headers ?? {})
    .filter((name) => !EVERYWHERE.includes(name))
    .map((name) => `\`${name}\``)
    .join(', ')
}

function policyBlocks(operation: Operation): Block[] {
  if (operation['x-policy'].length === 0) return []
  return [
    { heading: 'Policy', level: 3, id: `${operation.operationId}-policy` },
    {
      columns: ['rule', 'by default', 'with `enforce_new_defaults`'],
      rows: operation['x-policy'].map((it) => [
        `\`${it.rule}\``,
        `\`${it.default}\``,
        `\`${it.new_defaults}\``,
      ]),
    },
  ]
}

function exampleBlocks(operation: Operation): Block[] {
  return operation['x-examples'].flatMap((example, index) => [
    {
      heading: example.title,
      level: 3 as const,
      id: `${operation.operationId}-example-${index + 1}`,
    },
    ...(['creator', 'nobody'].includes(example.by)
      ? []
      : [{ text: `Asked by somebody with the role \`${ROLE[example.by] ?? example.by}\`.` }]),
    { code: example.request },
    { code: answerText(example) },
  ])
}

const ROLE: Readonly<Record<string, string>> = { serviceAdmin: 'key-manager:service-admin' }

function answerText({ status, headers, answer }: ShownExample): string {
  const lines = [
    `HTTP/1.1 ${status} ${meaningOf(status).title}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  if (answer === undefined) return lines.join('\n')
  const body = typeof answer === 'string' ? answer : jsonText(answer)
  return [...lines, '', body].join('\n')
}

function statusBlocks(): Block[] {
  return [
    { heading: 'What a status means', level: 2, id: 'statuses' },
    {
      columns: ['status', 'meaning'],
      rows: Object.keys(STATUSES).map((status) => [`\`${status}\``, sentence(Number(status))]),
    },
  ]
}

function sentence(status: number): string {
  const { title, when } = meaningOf(status)
  return `${title}. ${when}`
}
