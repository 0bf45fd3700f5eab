import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SignJWT } from 'jose'
import { JwksIssuer, type JwksOptions } from '../../../src/identity/jwksIssuer.ts'
import { TokenAuthenticator } from '../../../src/identity/tokenAuthenticator.ts'
import { StartupRefusal } from '../../../src/lib/startupRefusal.ts'
import { request, verdictOf } from './keystoneSamples.ts'
import { ManualClock } from './manualClock.ts'

const pem = (name: string): string => join(import.meta.dirname, 'tls', name)
const RSA = generateKeyPairSync('rsa', { modulusLength: 2048 })
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const STRANGER = generateKeyPairSync('rsa', { modulusLength: 2048 })
const ISSUER = 'https://login.example/realms/cloud'
const AUDIENCE = 'key-manager'

interface Scene {
  readonly clock: ManualClock
  readonly authenticator: TokenAuthenticator
  /** What the issuer answers when asked for its keys. */
  keys: { status: number; body: string }
  fetches: number
  ask(token: string): Promise<string>
  signed(changes?: Changes): Promise<string>
}
interface Changes {
  readonly claims?: Record<string, unknown>
  readonly header?: Record<string, unknown>
  readonly key?: KeyObject
}

function published(
  ...keys: readonly { readonly kid: string; readonly key: KeyObject; readonly alg?: string }[]
): string {
  return JSON.stringify({
    keys: keys.map(({ kid, key, alg }) => ({
      ...key.export({ format: 'jwk' }),
      kid,
      use: 'sig',
      ...(alg === undefined ? {} : { alg }),
    })),
  })
}

async function scene(t: TestContext, options: Partial<JwksOptions> = {}): Promise<Scene> {
  const clock = new ManualClock()
  const server = https.createServer(
    { cert: readFileSync(pem('server.pem')), key: readFileSync(pem('server.key')) },
    (_request, response) => {
      made.fetches++
      response.writeHead(made.keys.status, { Location: '/elsewhere' }).end(made.keys.body)
    },
  )
  server.listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const jwks = new JwksIssuer({
    jwksUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    issuer: ISSUER,
    audience: AUDIENCE,
    cafile: pem('ca.pem'),
    clock,
    ...options,
  })
  const authenticator = new TokenAuthenticator({ jwks, clock })
  const made: Scene = {
    clock,
    authenticator,
    fetches: 0,
    keys: {
      status: 200,
      body: published({ kid: 'rsa-1', key: RSA.publicKey }, { kid: 'ec-1', key: EC.publicKey }),
    },
    ask: (token) => verdictOf(authenticator.authenticate(request({ 'x-auth-token': token }))),
    signed: async ({ claims = {}, header = {}, key = RSA.privateKey } = {}) => {
      const now = clock.epochMs() / 1000
      return await new SignJWT({
        iss: ISSUER,
        aud: AUDIENCE,
        sub: 'ada',
        project_id: 'demo',
        roles: ['Creator'],
        exp: now + 600,
        ...claims,
      })
        .setProtectedHeader({ alg: 'RS256', kid: 'rsa-1', ...header })
        .sign(key)
    },
  }
  return made
}

test('a token of the issuer is taken, whichever of its keys signed it, and its keys are fetched once', async (t) => {
  const made = await scene(t)
  const { ask, signed, authenticator } = made
  assert.equal(await ask(await signed()), 'ada@demo')
  assert.equal(
    await ask(await signed({ header: { alg: 'ES256', kid: 'ec-1' }, key: EC.privateKey })),
    'ada@demo',
  )
  const caller = await authenticator.authenticate(request({ 'x-auth-token': await signed() }))
  assert.deepEqual(caller.roles, new Set(['creator']))
  assert.equal(made.fetches, 1)
})

test('roles, project and user come from the configured claims and from no other', async (t) => {
  const { signed, authenticator } = await scene(t, {
    claims: {
      roles: 'realm_access.roles',
      projectId: 'https://cloud.example/project',
      userId: 'preferred_username',
      userDomainId: 'udom',
      projectDomainId: 'pdom',
    },
  })
  const token = await signed({
    claims: {
      roles: ['admin'],
      project_id: 'victim',
      realm_access: { roles: ['member', 7, '', null, 'Reader'] },
      'https://cloud.example/project': 'demo',
      preferred_username: 'lovelace',
      udom: 'people',
      pdom: 'clouds',
    },
  })
  const caller = await authenticator.authenticate(request({ 'x-auth-token': token }))
  assert.deepEqual(
    { ...caller },
    {
      userId: 'lovelace',
      projectId: 'demo',
      roles: new Set(['member', 'reader']),
      domainId: null,
      userDomainId: 'people',
      projectDomainId: 'clouds',
      strategy: 'token',
    },
  )
})

test('a token without the roles claim has no roles; one without project is refused', async (t) => {
  const { signed, ask, authenticator } = await scene(t)
  for (const roles of [undefined, null, 7, {}, { admin: true }]) {
    const caller = await authenticator.authenticate(
      request({ 'x-auth-token': await signed({ claims: { roles } }) }),
    )
    assert.equal(caller.roles.size, 0)
  }
  const spaced = await authenticator.authenticate(
    request({ 'x-auth-token': await signed({ claims: { roles: 'member reader' } }) }),
  )
  assert.deepEqual(spaced.roles, new Set(['member', 'reader']))
  for (const project_id of [undefined, null, '', 7, ['demo'], 'p'.repeat(256)]) {
    assert.equal(await ask(await signed({ claims: { project_id } })), 'unauthorized')
  }
})

test('claims inherited from an object prototype are no claims', async (t) => {
  const { signed, ask } = await scene(t, {
    claims: { projectId: 'constructor.name', roles: '__proto__.x' },
  })
  assert.equal(await ask(await signed()), 'unauthorized')
})

test('wrong issuer, wrong audience, expired, not yet valid and endless tokens are refused', async (t) => {
  const { signed, ask, clock } = await scene(t)
  const now = clock.epochMs() / 1000
  for (const claims of [
    { iss: 'https://other.example' },
    { iss: undefined },
    { aud: 'nova' },
    { aud: undefined },
    { exp: now - 11 },
    { exp: undefined },
    { nbf: now + 60 },
  ]) {
    assert.equal(await ask(await signed({ claims })), 'unauthorized', JSON.stringify(claims))
  }
})

test('a token of a key that the issuer does not publish is refused', async (t) => {
  const { signed, ask } = await scene(t)
  assert.equal(await ask(await signed({ key: STRANGER.privateKey })), 'unauthorized')
  assert.equal(
    await ask(await signed({ key: STRANGER.privateKey, header: { kid: 'unknown' } })),
    'unauthorized',
  )
})

test('HS256 with the public key as secret, and no signature at all, are refused', async (t) => {
  const { ask, clock } = await scene(t)
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    sub: 'ada',
    project_id: 'demo',
    roles: ['admin'],
    exp: clock.epochMs() / 1000 + 600,
  }
  const start = `${part({ alg: 'HS256', kid: 'rsa-1' })}.${part(claims)}`
  const secret = RSA.publicKey.export({ format: 'pem', type: 'spki' })
  assert.equal(
    await ask(`${start}.${createHmac('sha256', secret).update(start).digest('base64url')}`),
    'unauthorized',
  )
  assert.equal(await ask(`${part({ alg: 'none' })}.${part(claims)}.`), 'unauthorized')
})

test('a symmetric key among the published ones signs nothing', async (t) => {
  const made = await scene(t)
  const secret = Buffer.alloc(32, 7)
  made.keys.body = JSON.stringify({
    keys: [{ kty: 'oct', k: secret.toString('base64url'), kid: 'oct-1', alg: 'HS256' }],
  })
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: ISSUER,
    aud: AUDIENCE,
    project_id: 'demo',
    roles: [],
    exp: made.clock.epochMs() / 1000 + 600,
  }
  const start = `${part({ alg: 'HS256', kid: 'oct-1' })}.${part(claims)}`
  assert.equal(
    await made.ask(`${start}.${createHmac('sha256', secret).update(start).digest('base64url')}`),
    'unauthorized',
  )
})

test('an algorithm that the operator did not list is refused', async (t) => {
  const { signed, ask } = await scene(t, { algorithms: ['ES256'] })
  assert.equal(await ask(await signed()), 'unauthorized')
  assert.equal(
    await ask(await signed({ header: { alg: 'ES256', kid: 'ec-1' }, key: EC.privateKey })),
    'ada@demo',
  )
})

test('an issuer that is away, redirects or talks rubbish is 503, and its known tokens still work', async (t) => {
  for (const broken of [
    { status: 500, body: '' },
    { status: 302, body: '' },
    { status: 200, body: 'rubbish' },
    { status: 200, body: '{}' },
    { status: 200, body: `"${'x'.repeat(300_000)}"` },
  ]) {
    const made = await scene(t)
    made.keys = broken
    assert.equal(
      await made.ask(await made.signed()),
      'unavailable',
      JSON.stringify(broken).slice(0, 40),
    )
  }
  const made = await scene(t)
  const token = await made.signed()
  assert.equal(await made.ask(token), 'ada@demo')
  made.keys = { status: 500, body: '' }
  made.clock.forward(299)
  assert.equal(await made.ask(token), 'ada@demo')
})

test('an issuer behind another CA is not believed', async (t) => {
  const { signed, ask } = await scene(t, { cafile: pem('otherCa.pem') })
  assert.equal(await ask(await signed()), 'unavailable')
})

test('options that would trust too much refuse the start', () => {
  const good = {
    jwksUrl: 'https://login.example/keys',
    issuer: ISSUER,
    audience: AUDIENCE,
    clock: new ManualClock(),
  }
  new JwksIssuer(good)
  for (const wrong of [
    { jwksUrl: 'http://login.example/keys' },
    { jwksUrl: 'file:///etc/keys' },
    { jwksUrl: 'login.example' },
    { issuer: '' },
    { audience: '' },
    { algorithms: ['RS256', 'HS256'] },
    { algorithms: ['none'] },
    { algorithms: [] },
    { cafile: '/nonexistent/ca.pem' },
  ]) {
    assert.throws(
      () => new JwksIssuer({ ...good, ...wrong }),
      StartupRefusal,
      JSON.stringify(wrong),
    )
  }
})
