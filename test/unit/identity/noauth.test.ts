import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { NoauthAuthenticator, refuseUnlessLocalBind } from '../../../src/identity/noauth.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'
import { request, verdictOf } from './keystoneSamples.ts'

const noauth = new NoauthAuthenticator()
const HEADERS = { host: '127.0.0.1:9311', 'x-project-id': 'demo', 'x-user-id': 'ada' }
const ask = (headers: Record<string, string>) => verdictOf(noauth.authenticate(request(headers)))

test('the request says who it is (Q01)', async () => {
  assert.deepEqual(
    await noauth.authenticate(request({ ...HEADERS, 'x-roles': ' Creator,member ,, ' })),
    {
      userId: 'ada',
      projectId: 'demo',
      roles: new Set(['creator', 'member']),
      domainId: null,
      userDomainId: null,
      projectDomainId: null,
      strategy: 'noauth',
    },
  )
})

test('without a project it is 400, without a user it is nobody', async () => {
  assert.equal(await ask({ host: 'localhost' }), 'badRequest')
  assert.equal(await ask({ host: 'localhost', 'x-project-id': '  ' }), 'badRequest')
  assert.equal(await ask({ host: 'localhost', 'x-project-id': 'p'.repeat(256) }), 'badRequest')
  assert.equal(await ask({ ...HEADERS, 'x-user-id': 'u'.repeat(256) }), 'badRequest')
  assert.equal(await ask({ host: 'localhost', 'x-project-id': 'demo' }), 'null@demo')
})

test('no X-Roles means no roles, unless the operator named some', async () => {
  assert.equal((await noauth.authenticate(request(HEADERS))).roles.size, 0)
  const generous = new NoauthAuthenticator({ defaultRoles: ['Admin'] })
  assert.deepEqual((await generous.authenticate(request(HEADERS))).roles, new Set(['admin']))
  const none = await generous.authenticate(request({ ...HEADERS, 'x-roles': '' }))
  assert.equal(none.roles.size, 0, 'an empty X-Roles says: none')
})

test('a browser led here under another name (DNS rebinding) is refused', async () => {
  for (const host of [
    'evil.example',
    'evil.example:9311',
    '192.168.1.7:9311',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'localhost:9311:9311',
    '127.0.0.2',
    '0.0.0.0:9311',
    '[::]:9311',
    '[::1',
    '::1',
    'localhost.',
    ' localhost',
    'localhost\u0000',
    '',
    'localhost:',
    'localhost:123456',
  ]) {
    assert.equal(await ask({ ...HEADERS, host }), 'forbidden', JSON.stringify(host))
  }
  const { host: _host, ...nameless } = HEADERS
  assert.equal(await ask(nameless), 'forbidden', 'no Host at all')
  for (const host of ['localhost', 'LOCALHOST:9311', '127.0.0.1', '[::1]:9311', '[::1]']) {
    assert.equal(await ask({ ...HEADERS, host }), 'ada@demo', host)
  }
})

test('whoever comes through a proxy is refused', async () => {
  for (const name of [
    'forwarded',
    'via',
    'x-forwarded-for',
    'x-forwarded-host',
    'x-forwarded-proto',
    'x-forwarded-port',
    'x-forwarded-prefix',
    'x-forwarded-server',
    'x-real-ip',
  ]) {
    assert.equal(await ask({ ...HEADERS, [name]: '127.0.0.1' }), 'forbidden', name)
    assert.equal(await ask({ ...HEADERS, [name]: '' }), 'forbidden', `${name}, empty`)
  }
})

test('a stranger learns nothing before the door is shut: 403 wins over 400', async () => {
  assert.equal(await ask({ host: 'evil.example' }), 'forbidden')
})

test('only loopback and Unix sockets may be listened on', () => {
  for (const host of ['127.0.0.1', '127.0.0.2', '::1', 'localhost', 'unix:/run/gatehouse.sock']) {
    refuseUnlessLocalBind(host)
  }
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.1',
    '::ffff:10.0.0.1',
    'example.org',
    'localhost.example.org',
    '',
    '*',
    '127.0.0.1.example.org',
    '1270.0.0.1',
  ]) {
    assert.throws(() => refuseUnlessLocalBind(host), StartupRefusal, host)
  }
})

test('hostile header values never crash', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.constantFrom('host', 'x-project-id', 'x-user-id', 'x-roles', 'via'),
        fc.string({ unit: anyCharacter }),
      ),
      async (headers) => {
        for (const each of [
          headers,
          { host: 'localhost', ...headers },
          { ...headers, host: 'localhost' },
        ]) {
          const caller = await noauth.authenticate(request(each)).catch((error: unknown) => {
            assert.ok(
              error instanceof Fault && (error.kind === 'badRequest' || error.kind === 'forbidden'),
              String(error),
            )
          })
          if (caller !== undefined) assert.ok(caller.projectId.length > 0)
        }
      },
    ),
  )
})
