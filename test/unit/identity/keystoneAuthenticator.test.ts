import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '../../../src/lib/fault.ts'
import { SERVICE_CREDENTIAL } from '../../support/fakeKeystone.ts'
import { keystoneScene, request } from './keystoneSamples.ts'

const OK = 'user-1@project-1'

test('a valid token gives user, project, domains and roles in lower case', async (t) => {
  const { keystone, authenticator } = await keystoneScene(t)
  const token = keystone.issue({ roles: ['Creator', 'member'] })
  const caller = await authenticator.authenticate(request({ 'x-auth-token': ` ${token} ` }))
  assert.deepEqual(caller, {
    userId: 'user-1',
    projectId: 'project-1',
    roles: new Set(['creator', 'member']),
    domainId: null,
    userDomainId: 'default',
    projectDomainId: 'default',
    strategy: 'keystone',
  })
})

test('a warm token costs Keystone nothing and gives the very same caller', async (t) => {
  const { keystone, authenticator } = await keystoneScene(t)
  const credentials = request({ 'x-auth-token': keystone.issue() })
  const first = await authenticator.authenticate(credentials)
  assert.equal(await authenticator.authenticate(credentials), first)
  assert.ok(Object.isFrozen(first))
  assert.equal(keystone.validations, 1)
})

test('100 requests with one cold token make one validation', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  const token = keystone.issue()
  const answers = await Promise.all(Array.from({ length: 100 }, () => ask(token)))
  assert.deepEqual(new Set(answers), new Set([OK]))
  assert.equal(keystone.validations, 1)
})

test('no token, an unknown token and a token of odd bytes are 401 with Keystone named', async (t) => {
  const { keystone, authenticator } = await keystoneScene(t, {
    wwwAuthenticateUri: 'https://keystone.example:5000',
  })
  const before = keystone.validations
  for (const token of [
    undefined,
    '',
    '   ',
    'unknown',
    'tok\u0000en',
    'tök',
    'a b',
    'x'.repeat(20_000),
    '\ud800',
  ]) {
    const headers: Record<string, string> = token === undefined ? {} : { 'x-auth-token': token }
    await assert.rejects(authenticator.authenticate(request(headers)), (error: unknown) => {
      assert.ok(error instanceof Fault && error.kind === 'unauthorized', String(error))
      assert.equal(
        error.headers['WWW-Authenticate'],
        'Keystone uri="https://keystone.example:5000"',
      )
      return true
    })
  }
  assert.equal(keystone.validations - before, 1, 'only the well-formed one was asked about')
})

test('system-scoped, domain-scoped and unscoped tokens are 401', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  for (const scope of ['system', 'domain'] as const) {
    assert.equal(await ask(keystone.issue({ scope, roles: ['admin'] })), 'unauthorized', scope)
  }
  assert.equal(await ask(keystone.issue({ projectId: null })), 'unauthorized')
})

test('a revoked token is served within token_cache_time and refused after it', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t, { tokenCacheTimeSeconds: 300 })
  const token = keystone.issue()
  assert.equal(await ask(token), OK)
  keystone.revoke(token)
  clock.forward(299)
  assert.equal(await ask(token), OK)
  clock.forward(1)
  assert.equal(await ask(token), 'unauthorized')
})

test('a revoked token is refused at once with token_cache_time = 0', async (t) => {
  for (const tokenCacheTimeSeconds of [0, -1]) {
    const { keystone, ask } = await keystoneScene(t, { tokenCacheTimeSeconds })
    const token = keystone.issue()
    assert.equal(await ask(token), OK)
    keystone.revoke(token)
    assert.equal(await ask(token), 'unauthorized')
    assert.equal(keystone.validations, 2)
  }
})

test('with token_cache_time = 0 nothing is served while Keystone is away', async (t) => {
  const { keystone, ask } = await keystoneScene(t, { tokenCacheTimeSeconds: 0 })
  const token = keystone.issue()
  assert.equal(await ask(token), OK)
  keystone.mode = 'down'
  assert.equal(await ask(token), 'unavailable')
})

test('a cached token ends when it expires, not when the cache does', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t)
  const token = keystone.issue({ expiresAtMs: clock.epochMs() + 60_000 })
  assert.equal(await ask(token), OK)
  clock.forward(59.999)
  assert.equal(await ask(token), OK)
  clock.forward(0.001)
  assert.equal(await ask(token), 'unauthorized')
  assert.equal(keystone.validations, 1, 'nobody had to be asked')
})

test('an unknown token is not asked about again for a few seconds', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t, { negativeCacheTimeSeconds: 5 })
  assert.equal(await ask('unknown'), 'unauthorized')
  assert.equal(await ask('unknown'), 'unauthorized')
  assert.equal(keystone.validations, 1)
  clock.forward(5)
  assert.equal(await ask('unknown'), 'unauthorized')
  assert.equal(keystone.validations, 2)
})

test('a flood of unknown tokens pushes no good token out of the cache', async (t) => {
  const { keystone, ask } = await keystoneScene(t, { cacheSize: 8 })
  const token = keystone.issue()
  assert.equal(await ask(token), OK)
  for (let i = 0; i < 100; i++) assert.equal(await ask(`unknown-${i}`), 'unauthorized')
  const before = keystone.validations
  assert.equal(await ask(token), OK)
  assert.equal(keystone.validations, before)
})

test('the cache forgets the token used longest ago, and asks again', async (t) => {
  const { keystone, ask } = await keystoneScene(t, { cacheSize: 2 })
  const [first, ...others] = [keystone.issue(), keystone.issue(), keystone.issue()]
  for (const token of [first, ...others]) assert.equal(await ask(token ?? ''), OK)
  assert.equal(await ask(first ?? ''), OK)
  assert.equal(keystone.validations, 4)
})

// ---- service tokens ------------------------------------------------------------------------------

const SERVICE = { userId: 'nova', projectId: 'service', roles: ['service'] }

test('an expired token is refused alone and taken together with a service token, in both orders', async (t) => {
  for (const order of ['alone first', 'with service first']) {
    const { keystone, clock, ask } = await keystoneScene(t)
    const token = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
    const service = keystone.issue(SERVICE)
    const steps = [
      async () => assert.equal(await ask(token), 'unauthorized', order),
      async () => assert.equal(await ask(token, service), OK, order),
    ]
    if (order !== 'alone first') steps.reverse()
    for (const step of [...steps, ...steps]) await step()
  }
})

test('a token that was cached while it lived is refused alone once expired, and taken with a service token', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t)
  const token = keystone.issue({ expiresAtMs: clock.epochMs() + 10_000 })
  assert.equal(await ask(token), OK)
  clock.forward(11)
  const service = keystone.issue(SERVICE)
  assert.equal(await ask(token), 'unauthorized')
  assert.equal(await ask(token, service), OK)
  assert.equal(await ask(token), 'unauthorized')
})

test('a living token first seen with a service token is as good alone', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  const token = keystone.issue()
  assert.equal(await ask(token, keystone.issue(SERVICE)), OK)
  const before = keystone.validations
  assert.equal(await ask(token), OK)
  assert.equal(keystone.validations, before)
})

test('an expired token is trusted for token_cache_time at most, and not while Keystone is away', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t, { tokenCacheTimeSeconds: 300 })
  const token = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
  const service = keystone.issue({ ...SERVICE, expiresAtMs: clock.epochMs() + 3_600_000 })
  assert.equal(await ask(token, service), OK)
  const before = keystone.validations
  clock.forward(299)
  assert.equal(await ask(token, service), OK)
  assert.equal(keystone.validations, before)
  keystone.mode = 'down'
  clock.forward(1)
  assert.equal(await ask(token, service), 'unavailable')
})

test('an expired token that was revoked is refused after token_cache_time, and at once with 0', async (t) => {
  for (const [tokenCacheTimeSeconds, waitSeconds] of [
    [300, 300],
    [0, 0],
  ] as const) {
    const { keystone, clock, ask } = await keystoneScene(t, { tokenCacheTimeSeconds })
    const token = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
    const service = keystone.issue(SERVICE)
    assert.equal(await ask(token, service), OK)
    keystone.revoke(token)
    clock.forward(waitSeconds)
    assert.equal(await ask(token, service), 'unauthorized')
  }
})

test('a service token without a service role never carries an expired token', async (t) => {
  for (const serviceTokenRolesRequired of [false, true]) {
    const { keystone, clock, ask } = await keystoneScene(t, { serviceTokenRolesRequired })
    const expired = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
    const other = keystone.issue({ roles: ['member', 'admin'] })
    assert.equal(await ask(expired, other), 'unauthorized')
    // Barbican's default takes such a request while the user's token lives; `required` does not.
    const expected = serviceTokenRolesRequired ? 'unauthorized' : OK
    assert.equal(await ask(keystone.issue(), other), expected)
  }
})

test('a service token that is expired or unknown refuses the request, however good the user token', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t)
  const token = keystone.issue()
  assert.equal(await ask(token, 'unknown'), 'unauthorized')
  const expired = keystone.issue({ ...SERVICE, expiresAtMs: clock.epochMs() - 1000 })
  assert.equal(await ask(token, expired), 'unauthorized')
  assert.equal(await ask(expired, expired), 'unauthorized', 'an expired token vouches for nobody')
  assert.equal(await ask(token, keystone.issue({ ...SERVICE, scope: 'system' })), OK)
})

test('roles of services compare without regard to case, and the configured ones count', async (t) => {
  const { keystone, clock, ask } = await keystoneScene(t, {
    serviceTokenRoles: ['Backup', 'Glance'],
  })
  const expired = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
  assert.equal(await ask(expired, keystone.issue({ roles: ['GLANCE'] })), OK)
  assert.equal(await ask(expired, keystone.issue(SERVICE)), 'unauthorized')
})

// ---- application credentials ---------------------------------------------------------------------

test('a restricted application credential does what its access rules say and nothing else', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  const token = keystone.issue({
    accessRules: [
      { id: '1', service: 'key-manager', method: 'GET', path: '/v1/secrets/*/payload' },
      { id: '2', service: 'compute', method: 'DELETE', path: '/**' },
    ],
  })
  assert.equal(await ask(token, undefined, 'GET', '/v1/secrets/abc/payload'), OK)
  assert.equal(await ask(token, undefined, 'GET', '/v1/secrets/abc'), 'unauthorized')
  assert.equal(await ask(token, undefined, 'GET', '/v1/secrets/abc/def/payload'), 'unauthorized')
  assert.equal(await ask(token, undefined, 'PUT', '/v1/secrets/abc/payload'), 'unauthorized')
  assert.equal(
    await ask(token, undefined, 'DELETE', '/v1/secrets/abc'),
    'unauthorized',
    'another service',
  )
  assert.equal(
    await ask(token, undefined, 'GET', '/v1/secrets/abc/payload'),
    OK,
    'still cached, still judged',
  )
})

test('access rules that cannot be read allow nothing; an empty list allows nothing', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  for (const accessRules of [
    [],
    'all',
    7,
    {},
    [null],
    [{ service: 'key-manager' }],
    [['key-manager', 'GET', '/**']],
    [{ service: 'key-manager', method: 'GET', path: 7 }],
  ]) {
    assert.equal(
      await ask(keystone.issue({ accessRules })),
      'unauthorized',
      JSON.stringify(accessRules),
    )
  }
  assert.equal(await ask(keystone.issue({ accessRules: null })), OK, 'an unrestricted credential')
})

test('the configured service_type is the name that access rules must say', async (t) => {
  const { keystone, ask } = await keystoneScene(t, { serviceType: 'secrets' })
  const rule = { method: 'GET', path: '/**' }
  assert.equal(await ask(keystone.issue({ accessRules: [{ ...rule, service: 'secrets' }] })), OK)
  assert.equal(
    await ask(keystone.issue({ accessRules: [{ ...rule, service: 'key-manager' }] })),
    'unauthorized',
  )
})

test('a service at work for a restricted credential is let through, another user of it is not', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  const token = keystone.issue({
    accessRules: [{ service: 'compute', method: 'POST', path: '/v2.1/servers' }],
  })
  assert.equal(await ask(token, keystone.issue(SERVICE)), OK)
  assert.equal(await ask(token, keystone.issue({ roles: ['member'] })), 'unauthorized')
  assert.equal(await ask(token), 'unauthorized')
})

// ---- the service user ----------------------------------------------------------------------------

test('the service user may be an application credential', async (t) => {
  const { keystone, ask } = await keystoneScene(t, {
    serviceUser: { applicationCredential: SERVICE_CREDENTIAL },
  })
  assert.equal(await ask(keystone.issue()), OK)
  assert.equal(keystone.issuedServiceTokens, 1)
})

test('the service token is renewed ahead of its end, without anybody waiting', async (t) => {
  const { keystone, clock, ask, events } = await keystoneScene(
    t,
    {},
    { serviceTokenLifeMs: 3_600_000 },
  )
  assert.equal(await ask(keystone.issue()), OK)
  clock.forward(3600 - 301)
  assert.equal(await ask(keystone.issue()), OK)
  assert.equal(keystone.issuedServiceTokens, 1)
  clock.forward(2)
  const release = Promise.withResolvers<void>()
  assert.equal(await ask(keystone.issue()), OK)
  release.resolve()
  await until(() => keystone.issuedServiceTokens === 2)
  clock.forward(301)
  assert.equal(await ask(keystone.issue({ expiresAtMs: clock.epochMs() + 60_000 })), OK)
  assert.equal(keystone.issuedServiceTokens, 2, 'the renewed one serves')
  assert.equal(events.filter(({ kind }) => kind === 'serviceTokenRenewed').length, 2)
})

test('a service token that Keystone has forgotten is replaced at the first 401, once for all callers', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  assert.equal(await ask(keystone.issue()), OK)
  keystone.revokeServiceTokens()
  const tokens = Array.from({ length: 20 }, () => keystone.issue())
  const answers = await Promise.all(tokens.map((token) => ask(token)))
  assert.deepEqual(new Set(answers), new Set([OK]))
  assert.equal(keystone.issuedServiceTokens, 2)
})

test('refused credentials of the service user are 503, said once, and not tried at every request', async (t) => {
  const { keystone, ask, events, clock } = await keystoneScene(t, {
    serviceUser: { password: { username: 'gatehouse', password: 'wrong', projectName: 'service' } },
  })
  for (let i = 0; i < 5; i++) assert.equal(await ask(keystone.issue()), 'unavailable')
  assert.deepEqual(events, [{ kind: 'serviceUserRefused', status: 401 }])
  clock.forward(6)
  assert.equal(await ask(keystone.issue()), 'unavailable')
  assert.equal(events.length, 2)
})

async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !condition(); turn++) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  assert.ok(condition(), 'did not come about')
}
