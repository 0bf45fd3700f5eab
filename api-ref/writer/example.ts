import type { Described } from './described.ts'

/** Where the server of the examples is: as in the README, so that they can be pasted. */
export const EXAMPLE_BASE = 'http://127.0.0.1:9311'

/** Who asks in the examples. Roles are those of the default policy, `enforce_new_defaults = False`. */
export const ACTORS = {
  creator: { user: '7f0b6d6f8f5b4c6b9f7a3d1c5e2a4b60', roles: ['creator', 'member'] },
  admin: { user: 'c41d3a9be0f7429f8d25a6b7e0913f52', roles: ['admin', 'member', 'reader'] },
  observer: { user: '1be9f0a4d7724d0fb2c86e0f9a3c7d18', roles: ['observer'] },
  serviceAdmin: { user: 'e05a7c2b94d14f3e8a6b1d0f7c9e2a33', roles: ['key-manager:service-admin'] },
} as const

export type Actor = keyof typeof ACTORS

/**
 * One request and its answer, as the pages show them. A test sends the request and compares: ids may be
 * others, as long as the same one stands where the same one stood, and times may be others.
 * The examples of a resource build on each other, in their order.
 */
export interface Example {
  readonly title: string
  /** Method and path with its query: `GET /v1/secrets?limit=2` */
  readonly request: `${string} /${string}`
  /** creator unless said otherwise; nobody sends no token. */
  readonly by?: Actor | 'nobody'
  readonly headers?: Readonly<Record<string, string>>
  /** Text goes out as it is, anything else as JSON, with the Content-Type that belongs to it. */
  readonly body?: unknown
  readonly status: number
  /** Of the answer, besides those that every answer has. */
  readonly answerHeaders?: Readonly<Record<string, string>>
  /** Text, or anything that JSON can say; undefined: no body. */
  readonly answer?: unknown
  /** Needed by those that follow: replayed, and not shown. */
  readonly isSetup?: true
  /** The answer has more than is written here. */
  readonly isAbridged?: true
  /** An order is worked on: asked again until it is no longer PENDING. */
  readonly waits?: true
}

/** The operation that an example is about. A word goes before an id, as in the router. */
export function operationOf<T extends Described>(
  example: Pick<Example, 'request'>,
  operations: readonly T[],
): T {
  const [method, target = ''] = example.request.split(' ')
  const path = target.split('?')[0] ?? ''
  const found = operations.filter(
    (it) =>
      it.method === method &&
      new RegExp(`^${it.path.replaceAll('.', '\\.').replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  )
  const operation = found.find((it) => it.path === path) ?? found[0]
  if (operation === undefined) throw new Error(`no operation for the example ${example.request}`)
  return operation
}

export function requestHeaders({ body, headers = {} }: Example): Readonly<Record<string, string>> {
  const isJson = body !== undefined && typeof body !== 'string'
  return isJson ? { 'Content-Type': 'application/json', ...headers } : headers
}

/** The request as somebody types it. */
export function curl(example: Example): string {
  const [method = '', target] = example.request.split(' ')
  const url = `${EXAMPLE_BASE}${target}`
  const lines = [
    `curl${method === 'GET' ? '' : ` -X ${method}`} ${/[?&]/.test(url) ? quoted(url) : url}`,
    ...(example.by === 'nobody' ? [] : ['-H "X-Auth-Token: $TOKEN"']),
    ...Object.entries(requestHeaders(example)).map(
      ([name, value]) => `-H ${quoted(`${name}: ${value}`)}`,
    ),
    ...(example.body === undefined ? [] : [dataOption(example.body)]),
  ]
  return lines.join(' \\\n  ')
}

function dataOption(body: unknown): string {
  if (typeof body === 'string') return `--data-binary ${quoted(body)}`
  return `-d ${quoted(jsonText(body))}`
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** JSON on one line while it is short. */
export function jsonText(value: unknown): string {
  const line = JSON.stringify(value)
  return line.length <= 76 ? line : JSON.stringify(value, null, 2)
}
