import assert from 'node:assert/strict'
import { STATUS_CODES } from 'node:http'
import type { Route } from '../../src/http/route.ts'

export interface DoorAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Buffer
  readonly text: string
  /** The body as JSON object; throws when it is none. */
  readonly json: Readonly<Record<string, unknown>>
}

export interface AskedFor {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
}

/** What holds for every answer whatever was asked: each answer that a test receives goes through here. */
export function assertIsProperAnswer(
  routes: readonly Route[],
  asked: AskedFor,
  answer: DoorAnswer,
): void {
  const where = `${asked.method} ${asked.path} -> ${answer.status} ${answer.text.slice(0, 300)}`
  assert.match(answer.headers['x-openstack-request-id'] ?? '', /^req-[0-9a-f-]{36}$/, where)
  const possible = possibleAnswers(routes, asked)
  // No record lists it: it is decided before any is looked at, and always says when to come again.
  if (answer.status === 429) assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/, where)
  else assert.ok(possible.has(answer.status), `${where}; the record lists ${[...possible]}`)
  assert.ok(answer.status < 500, where)
  if (answer.headers['content-type'] === 'application/json' && asked.method !== 'HEAD') {
    assertIsAsciiJson(answer, where)
  }
  if (answer.status >= 400 && asked.method !== 'HEAD') assertIsErrorBody(answer, where)
  if (answer.status < 300) assertIsAsRecorded(routes, asked, answer, where)
  if (answer.bytes.length === 0 && answer.status !== 200 && asked.method !== 'HEAD') {
    assert.equal(answer.headers['content-type'], undefined, where)
  }
}

const RECORDED_HEADERS = ['Location', 'ETag', 'Cache-Control'] as const

/** The reference is written from the records, so what they say of a success has to be so. */
function assertIsAsRecorded(
  routes: readonly Route[],
  { method, path }: AskedFor,
  answer: DoorAnswer,
  where: string,
): void {
  const record = routesAt(routes, path).find((route) => route.method === method)
  if (record === undefined) return
  for (const name of RECORDED_HEADERS) {
    const isRecorded = record.headers?.includes(name) ?? false
    assert.ok(isRecorded || answer.headers[name.toLowerCase()] === undefined, `${name}: ${where}`)
  }
  if (answer.bytes.length === 0) return
  if (answer.headers['content-type'] !== 'application/json') {
    assert.ok(record.showsPayload, `${where}; the record knows of no payload`)
    return
  }
  assert.ok(record.shows !== undefined, `${where}; the record does not say what it shows`)
  // Parsing leaves out what the schema does not know; and __proto__, which is as good a key as any.
  const json: unknown = JSON.parse(answer.text, (key, value) =>
    key === '__proto__' ? undefined : value,
  )
  assert.deepEqual(record.shows.parse(json), json, where)
}

/** A 500 says what it is, whom to ask, and nothing else. */
export function assertIsBareError(answer: DoorAnswer): void {
  assert.equal(answer.status, 500, answer.text)
  assertIsErrorBody(answer, 'the error')
  const requestId = answer.headers['x-openstack-request-id'] ?? 'none'
  assert.deepEqual(answer.json, {
    code: 500,
    title: 'Internal Server Error',
    description: `The server could not answer. Give its operator this request id: ${requestId}.`,
  })
}

function assertIsAsciiJson({ bytes, text }: DoorAnswer, where: string): void {
  assert.ok(
    bytes.every((byte) => byte < 0x80),
    `${where} is not ASCII`,
  )
  JSON.parse(text)
}

function assertIsErrorBody({ status, headers, json, text }: DoorAnswer, where: string): void {
  assert.equal(headers['content-type'], 'application/json', where)
  const keys = status === 401 ? ['error', 'code', 'title', 'description'] : ERROR_KEYS
  assert.deepEqual(Object.keys(json), keys, where)
  assert.equal(json['code'], status, where)
  // Barbican's word for 413; Node knows a newer one.
  const title = status === 413 ? 'Request Entity Too Large' : STATUS_CODES[status]
  assert.equal(json['title'], title, where)
  assert.equal(typeof json['description'], 'string', where)
  assert.ok(!text.includes('    at '), `${where} shows a stack`)
}

const ERROR_KEYS = ['code', 'title', 'description']

/** What the record of the route says, and what is decided before any route is reached. */
function possibleAnswers(routes: readonly Route[], { method, path, headers }: AskedFor) {
  const tidy = tidied(path)
  const possible = new Set<number>()
  if (headers['openstack-api-version'] !== undefined) possible.add(400).add(406)
  if (method === 'OPTIONS') return possible.add(200)
  if (tidy === '/healthcheck') return possible.add(200).add(204).add(503)
  if (tidy !== '/v1' && !tidy.startsWith('/v1/')) {
    return possible
      .add(tidy === '/' ? 300 : 404)
      .add(200)
      .add(302)
      .add(405)
      .add(406)
  }
  if (tidy === '/v1/openapi.json') return possible.add(200).add(304).add(405).add(406)
  if (headers['x-project-id'] === undefined) possible.add(401)
  const here = routesAt(routes, path)
  if (here.length === 0)
    return tidy === '/v1' ? possible.add(200).add(405).add(406) : possible.add(404)
  const record = here.find((route) => route.method === method)
  if (record === undefined) return possible.add(404).add(405)
  for (const status of record.answers) possible.add(status)
  return possible
}

function tidied(path: string): string {
  const [pathname = ''] = path.replace(/\/{2,}/g, '/').split('?')
  return pathname.length > 1 ? pathname.replace(/\/$/, '') : pathname
}

/** A word goes before an id: /v1/secret-stores/preferred is no secret store. */
export function routesAt(routes: readonly Route[], path: string): readonly Route[] {
  const tidy = tidied(path)
  const found = routes.filter((route) => patternOf(route.path).test(tidy))
  return found.some((route) => route.path === tidy)
    ? found.filter((route) => route.path === tidy)
    : found
}

const patterns = new Map<string, RegExp>()

/** Kept: every answer is held against every route. */
function patternOf(path: string): RegExp {
  const pattern = patterns.get(path) ?? new RegExp(`^${path.replace(/\{\w+\}/g, '[^/]+')}$`)
  patterns.set(path, pattern)
  return pattern
}
