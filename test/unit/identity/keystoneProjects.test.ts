import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { KeystoneProjects } from '../../../src/identity/keystoneProjects.ts'
import { Fault } from '../../../src/lib/fault.ts'
import type { ProjectId } from '../../../src/lib/ids.ts'
import { PASSWORD_USER } from './keystoneSamples.ts'
import { ManualClock } from './manualClock.ts'

const OWN = { id: 'own-id', name: 'service', domain_id: 'default' }
const MISSING = 'gone-id' as ProjectId

type Answer = readonly [status: number, body: unknown]

const notFound = (id: string): Answer => [
  404,
  { error: { code: 404, title: 'Not Found', message: `Could not find project: ${id}.` } },
]

/** Answers as Keystone does, save for what `changes` says, by the beginning of the path. */
async function scene(t: TestContext, changes: Readonly<Record<string, Answer>> = {}) {
  const asked: string[] = []
  const usual: Readonly<Record<string, Answer>> = {
    '/v3/auth/tokens': [
      200,
      {
        token: {
          expires_at: '2999-01-01T00:00:00.000000Z',
          project: { id: OWN.id, name: OWN.name, domain: { id: 'default', name: 'Default' } },
        },
      },
    ],
    '/v3/projects?': [200, { projects: [OWN] }],
    '/v3/projects/own-id': [200, { project: OWN }],
    '/v3/projects/there-id': [200, { project: { ...OWN, id: 'there-id' } }],
    '/v3/projects/gone-id': notFound('gone-id'),
  }
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const path = request.url ?? ''
    asked.push(`${request.method} ${path}`)
    response.setHeader('X-Subject-Token', 'service-token')
    const find = (answers: typeof usual) =>
      Object.entries(answers).find(([start]) => path.startsWith(start))?.[1]
    const [status, body] = find(changes) ?? find(usual) ?? notFound('?')
    response.statusCode = request.method === 'POST' ? 201 : status
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  const server = createServer(respond)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const projects = new KeystoneProjects({
    authUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serviceUser: PASSWORD_USER,
    maxRetries: 0,
    timeoutSeconds: 2,
    clock: new ManualClock(),
    onEvent: () => undefined,
  })
  t.after(async () => {
    projects.close()
    await new Promise((resolve) => server.close(resolve))
  })
  return { projects, asked }
}

const unavailable = (why: RegExp) => (error: unknown) => {
  assert.ok(error instanceof Fault && error.kind === 'unavailable', String(error))
  assert.match(error.message, why)
  return true
}

test('a project that Keystone shows is present', async (t) => {
  const { projects } = await scene(t)
  assert.equal(await projects.look('there-id' as ProjectId), 'present')
})

test('a project that Keystone does not know is missing, and its own is looked for after that', async (t) => {
  const { projects, asked } = await scene(t)
  assert.equal(await projects.look(MISSING), 'missing')
  assert.deepEqual(asked.slice(-4), [
    'GET /v3/projects/gone-id',
    'GET /v3/auth/tokens?nocatalog',
    'GET /v3/projects/own-id',
    'GET /v3/projects?name=service&domain_id=default',
  ])
})

const NOT_RELIED_ON: readonly (readonly [string, Readonly<Record<string, Answer>>])[] = [
  ['403', { '/v3/projects/gone-id': [403, { error: { code: 403 } }] }],
  ['500', { '/v3/projects/gone-id': [500, 'oops'] }],
  ['410', { '/v3/projects/gone-id': [410, { error: { code: 410, message: 'gone-id' } }] }],
  ['a page', { '/v3/projects/gone-id': [404, '<html>404 gone-id</html>'] }],
  ['another service’s 404', { '/v3/projects/gone-id': [404, { message: 'gone-id' }] }],
  [
    'a 404 that names no project',
    { '/v3/projects/gone-id': [404, { error: { code: 404, message: 'Not Found' } }] },
  ],
  ['a 404 about another project', { '/v3/projects/gone-id': notFound('other') }],
  ['another project', { '/v3/projects/gone-id': [200, { project: OWN }] }],
  ['200 without a project', { '/v3/projects/gone-id': [200, {}] }],
]
for (const [what, changes] of NOT_RELIED_ON) {
  test(`${what} in answer to a project is not relied on`, async (t) => {
    const { projects } = await scene(t, changes)
    await assert.rejects(projects.look(MISSING), unavailable(/./))
  })
}

const BLIND: readonly (readonly [string, Readonly<Record<string, Answer>>, RegExp])[] = [
  [
    'may not see its own project',
    { '/v3/projects/own-id': [403, {}] },
    /does not let our service user/,
  ],
  [
    'does not find its own project',
    { '/v3/projects/own-id': notFound('own-id') },
    /not one to rely on/,
  ],
  ['may not list projects', { '/v3/projects?': [403, {}] }, /does not let our service user/],
  ['finds nothing in a list', { '/v3/projects?': [200, { projects: [] }] }, /not one to rely on/],
  [
    'is in no project',
    { '/v3/auth/tokens': [200, { token: { expires_at: '2999-01-01T00:00:00.000000Z' } }] },
    /not one to rely on/,
  ],
]
for (const [what, changes, why] of BLIND) {
  test(`where the service user ${what}, nothing is missing`, async (t) => {
    const { projects } = await scene(t, changes)
    await assert.rejects(projects.look(MISSING), unavailable(why))
    await assert.rejects(projects.proveSight(), unavailable(why))
  })
}

test('a Keystone that is away knows nothing', async (t) => {
  const { projects } = await scene(t)
  projects.close()
  const away = new KeystoneProjects({
    authUrl: 'http://127.0.0.1:1',
    serviceUser: PASSWORD_USER,
    maxRetries: 0,
    timeoutSeconds: 1,
    clock: new ManualClock(),
    onEvent: () => undefined,
  })
  t.after(() => away.close())
  await assert.rejects(away.look(MISSING), unavailable(/cannot be reached/))
})

test('an id with strange characters asks for that project and no other path', async (t) => {
  const { projects, asked } = await scene(t)
  for (const id of ['../auth/tokens', 'a/b', '..', '?x=y', '']) {
    await assert.rejects(projects.look(id as ProjectId), unavailable(/./), id)
  }
  assert.ok(asked.every((line) => !line.startsWith('GET /v3/projects/a/b')))
})
