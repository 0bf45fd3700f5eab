import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { SignJWT } from 'jose'
import { inspectToken, issueToken, type LocalTokenParts } from '../../../src/identity/localToken.ts'
import { loadOrCreateSigningKey, type SigningKey } from '../../../src/identity/signingKey.ts'
import { TokenAuthenticator } from '../../../src/identity/tokenAuthenticator.ts'
import { Fault } from '../../../src/lib/fault.ts'
import { anyCharacter } from '../../support/anyCharacter.ts'
import { request, verdictOf } from './keystoneSamples.ts'
import { ManualClock } from './manualClock.ts'

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-token-'))
after(() => rmSync(folder, { recursive: true }))
const KEY = await loadOrCreateSigningKey(join(folder, 'signing.pem'))
const OTHER_KEY = await loadOrCreateSigningKey(join(folder, 'other.pem'))
const DEPLOYMENT = '0123456789abcdef0123456789abcdef'
const OK = 'ada@demo'

interface Scene {
  readonly clock: ManualClock
  readonly local: LocalTokenParts
  ask(token: string): Promise<string>
}
function scene(options: Partial<LocalTokenParts> = {}): Scene {
  const clock = new ManualClock()
  const local = { key: KEY, deploymentId: DEPLOYMENT, clock, ...options }
  const authenticator = new TokenAuthenticator({ local, clock })
  const ask = (token: string) =>
    verdictOf(authenticator.authenticate(request({ 'x-auth-token': token })))
  return { clock, local, ask }
}
const ADA = { projectId: 'demo', roles: ['creator', 'Member'], userId: 'ada' }

/** A token with anything in it, signed with whatever key. */
async function forged(
  clock: ManualClock,
  changes: {
    header?: Record<string, unknown>
    claims?: Record<string, unknown>
    key?: KeyObject | Uint8Array
    kid?: string
  } = {},
): Promise<string> {
  const iat = clock.epochMs() / 1000
  const claims = {
    iss: 'gatehouse',
    aud: DEPLOYMENT,
    sub: 'ada',
    project_id: 'demo',
    roles: ['admin'],
    iat,
    exp: iat + 600,
    ...changes.claims,
  }
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: changes.kid ?? KEY.kid, ...changes.header })
    .sign(changes.key ?? KEY.privateKey)
}

function unsigned(header: object, claims: object): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  return `${part(header)}.${part(claims)}`
}

test('an issued token gives project, user and roles in lower case', async () => {
  const { clock, local } = scene()
  const authenticator = new TokenAuthenticator({ local, clock })
  const token = await issueToken(local, ADA)
  const caller = await authenticator.authenticate(request({ 'x-auth-token': token }))
  assert.deepEqual(caller, {
    userId: 'ada',
    projectId: 'demo',
    roles: new Set(['creator', 'member']),
    domainId: null,
    userDomainId: null,
    projectDomainId: null,
    strategy: 'token',
  })
  assert.equal(
    await authenticator.authenticate(request({ authorization: `Bearer ${token}` })),
    caller,
  )
})

test('the claims are issuer, audience, key id, times and no more than was asked for', async () => {
  const { local, clock } = scene()
  const { header, claims, verdict } = await inspectToken(local, await issueToken(local, ADA))
  assert.equal(verdict, 'valid')
  assert.deepEqual(header, { alg: 'EdDSA', kid: KEY.kid, typ: 'JWT' })
  const iat = clock.epochMs() / 1000
  const { jti, ...others } = claims
  assert.match(String(jti), /^[0-9a-f-]{36}$/)
  assert.deepEqual(others, {
    iss: 'gatehouse',
    aud: DEPLOYMENT,
    sub: 'ada',
    project_id: 'demo',
    roles: ['creator', 'Member'],
    iat,
    exp: iat + 3600,
  })
})

test('a token ends when its time is up, cached or not', async () => {
  const { local, clock, ask } = scene()
  const token = await issueToken(local, { ...ADA, ttlSeconds: 60 })
  assert.equal(await ask(token), OK)
  clock.forward(59)
  assert.equal(await ask(token), OK)
  clock.forward(1)
  assert.equal(await ask(token), 'unauthorized')
  assert.equal((await inspectToken(local, token)).verdict, 'it has expired')
})

test('no token may be issued for longer than max_ttl, for no time, or for nobody', async () => {
  const { local } = scene({ maxTtlSeconds: 7200 })
  for (const wrong of [
    { ...ADA, ttlSeconds: 7201 },
    { ...ADA, ttlSeconds: 0 },
    { ...ADA, ttlSeconds: -5 },
    { ...ADA, ttlSeconds: 1.5 },
    { ...ADA, ttlSeconds: Number.NaN },
    { ...ADA, projectId: '' },
    { ...ADA, projectId: 'p'.repeat(256) },
    { ...ADA, roles: [''] },
    { ...ADA, userId: '' },
  ]) {
    await assert.rejects(issueToken(local, wrong), { kind: 'badRequest' }, JSON.stringify(wrong))
  }
  assert.equal(
    (await inspectToken(local, await issueToken(local, { ...ADA, ttlSeconds: 7200 }))).verdict,
    'valid',
  )
})

test('a short max_ttl caps the default life, and refuses tokens issued for longer before', async () => {
  const { local, ask } = scene({ maxTtlSeconds: 600 })
  const { claims } = await inspectToken(local, await issueToken(local, ADA))
  assert.equal(Number(claims['exp']) - Number(claims['iat']), 600)
  const long = await issueToken({ ...local, maxTtlSeconds: 86_400 }, { ...ADA, ttlSeconds: 3600 })
  assert.equal(await ask(long), 'unauthorized')
})

test('a token without signature (alg none) is refused', async () => {
  const { clock, ask } = scene()
  const iat = clock.epochMs() / 1000
  const claims = {
    iss: 'gatehouse',
    aud: DEPLOYMENT,
    sub: 'ada',
    project_id: 'demo',
    roles: ['admin'],
    iat,
    exp: iat + 600,
  }
  for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
    const start = unsigned({ alg, kid: KEY.kid }, claims)
    for (const token of [`${start}.`, start, `${start}.AAAA`]) {
      assert.equal(await ask(token), 'unauthorized', alg)
    }
  }
})

test('a token signed with HS256 and our public key as the secret is refused', async () => {
  const { clock, ask } = scene()
  const iat = clock.epochMs() / 1000
  const claims = {
    iss: 'gatehouse',
    aud: DEPLOYMENT,
    sub: 'ada',
    project_id: 'demo',
    roles: ['admin'],
    iat,
    exp: iat + 600,
  }
  const secrets = [
    KEY.publicKey.export({ format: 'pem', type: 'spki' }),
    KEY.publicKey.export({ format: 'der', type: 'spki' }),
    Buffer.from(String(KEY.publicKey.export({ format: 'jwk' }).x), 'base64url'),
    Buffer.from(KEY.kid),
  ]
  for (const secret of secrets) {
    const start = unsigned({ alg: 'HS256', kid: KEY.kid }, claims)
    const mac = createHmac('sha256', secret).update(start).digest('base64url')
    assert.equal(await ask(`${start}.${mac}`), 'unauthorized')
  }
})

test('a token signed by another key is refused, under its own key id and under ours', async () => {
  const { clock, ask } = scene()
  assert.equal(
    await ask(await forged(clock, { key: OTHER_KEY.privateKey, kid: OTHER_KEY.kid })),
    'unauthorized',
  )
  assert.equal(await ask(await forged(clock, { key: OTHER_KEY.privateKey })), 'unauthorized')
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  assert.equal(
    await ask(await forged(clock, { key: privateKey, header: { alg: 'ES256' } })),
    'unauthorized',
  )
})

test('a token that brings its own key is refused', async () => {
  const { clock, ask } = scene()
  const jwk = OTHER_KEY.publicKey.export({ format: 'jwk' })
  for (const header of [
    { jwk },
    { jku: 'https://attacker.example/keys' },
    { x5u: 'https://attacker.example/' },
    { kid: '../../dev/null' },
  ]) {
    assert.equal(
      await ask(await forged(clock, { key: OTHER_KEY.privateKey, header })),
      'unauthorized',
      JSON.stringify(header),
    )
  }
})

test('a token with a critical header we do not know is refused, though signed with our key', async () => {
  const { clock, ask } = scene()
  const iat = clock.epochMs() / 1000
  const claims = {
    iss: 'gatehouse',
    aud: DEPLOYMENT,
    project_id: 'demo',
    roles: ['admin'],
    iat,
    exp: iat + 600,
  }
  const signed = (header: object): string => {
    const start = unsigned({ alg: 'EdDSA', kid: KEY.kid, ...header }, claims)
    return `${start}.${sign(null, Buffer.from(start), KEY.privateKey).toString('base64url')}`
  }
  assert.equal(await ask(signed({})), 'null@demo', 'the forger knows how')
  for (const header of [
    { crit: ['exp'] },
    { crit: [] },
    { crit: 'x' },
    { b64: false, crit: ['b64'] },
  ]) {
    assert.equal(await ask(signed(header)), 'unauthorized', JSON.stringify(header))
  }
})

test('a token of another deployment, issuer or purpose is refused', async () => {
  const { clock, ask } = scene()
  assert.equal(await ask(await forged(clock)), OK, 'the forger knows how')
  const iat = clock.epochMs() / 1000
  for (const claims of [
    { aud: 'ffffffffffffffffffffffffffffffff' },
    { aud: undefined },
    { aud: [] },
    { iss: 'someone' },
    { iss: undefined },
    { exp: undefined },
    { exp: iat },
    { exp: 'never' },
    { exp: iat + 86_401 },
    { exp: iat + 600.5 },
    { iat: undefined },
    { iat: iat - 90_000 },
    { nbf: iat + 60 },
    { project_id: undefined },
    { project_id: '' },
    { project_id: 7 },
    { project_id: ['demo'] },
    { roles: undefined },
    { roles: 'admin' },
    { roles: [7] },
    { roles: { admin: true } },
    { sub: 7 },
    { sub: '' },
  ]) {
    assert.equal(await ask(await forged(clock, { claims })), 'unauthorized', JSON.stringify(claims))
  }
})

test('changing any character of a token spoils it', async () => {
  const { local, ask } = scene()
  const token = await issueToken(local, ADA)
  for (let at = 0; at < token.length; at += 7) {
    const other = token[at] === 'A' ? 'B' : 'A'
    const spoilt = token.slice(0, at) + other + token.slice(at + 1)
    assert.equal(await ask(spoilt), 'unauthorized', `at ${at}`)
  }
})

test('a changed signing key revokes every token', async () => {
  const { clock, local, ask } = scene({ key: OTHER_KEY as SigningKey })
  const before = await issueToken({ ...local, key: KEY }, ADA)
  assert.equal(await ask(before), 'unauthorized')
  assert.equal(await ask(await issueToken({ ...local, clock }, ADA)), OK)
})

test('hostile header values are 401 with a challenge, never a crash', async () => {
  const { clock, local } = scene()
  const authenticator = new TokenAuthenticator({ local, clock })
  const hostile = fc.oneof(
    fc.string({ unit: anyCharacter }),
    fc
      .tuple(fc.base64String(), fc.base64String(), fc.base64String())
      .map((parts) => parts.join('.')),
    fc
      .tuple(fc.json(), fc.json())
      .map(
        ([header, claims]) =>
          `${Buffer.from(header).toString('base64url')}.${Buffer.from(claims).toString('base64url')}.AA`,
      ),
    fc
      .record(
        {
          alg: fc.string(),
          kid: fc.constantFrom(KEY.kid, 'x'),
          crit: fc.jsonValue(),
          b64: fc.jsonValue(),
          typ: fc.jsonValue(),
        },
        { requiredKeys: [] },
      )
      .map((header) => `${unsigned(header, { iss: 'gatehouse' })}.AA`),
    fc.constantFrom('', '.', '..', '...', 'a'.repeat(100_000), 'null', 'Bearer '),
  )
  await fc.assert(
    fc.asyncProperty(hostile, async (token) => {
      for (const headers of [
        { 'x-auth-token': token },
        { authorization: token },
        { authorization: `Bearer ${token}` },
      ]) {
        await assert.rejects(authenticator.authenticate(request(headers)), (error: unknown) => {
          assert.ok(error instanceof Fault && error.kind === 'unauthorized', String(error))
          assert.match(error.headers['WWW-Authenticate'] ?? '', /^Bearer/)
          return true
        })
      }
    }),
    { numRuns: 300 },
  )
})

test('a refusal never repeats the token', async () => {
  const { local, clock } = scene()
  const authenticator = new TokenAuthenticator({ local, clock })
  const token = await issueToken({ ...local, deploymentId: 'another' }, ADA)
  await assert.rejects(
    authenticator.authenticate(request({ 'x-auth-token': token })),
    (error: unknown) => {
      assert.ok(error instanceof Error)
      assert.ok(!`${error.message}${String(error.cause)}`.includes(token.slice(-20)))
      return true
    },
  )
})
