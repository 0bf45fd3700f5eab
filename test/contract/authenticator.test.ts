import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { KeystoneAuthenticator } from '../../src/identity/keystoneAuthenticator.ts'
import { issueToken } from '../../src/identity/localToken.ts'
import { NoauthAuthenticator } from '../../src/identity/noauth.ts'
import { loadOrCreateSigningKey } from '../../src/identity/signingKey.ts'
import { TokenAuthenticator } from '../../src/identity/tokenAuthenticator.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { FakeKeystone, SERVICE_CREDENTIAL } from '../support/fakeKeystone.ts'
import { authenticatorContract } from './authenticatorContract.ts'

authenticatorContract('keystone', async (t: TestContext) => {
  const keystone = await FakeKeystone.start()
  const authenticator = new KeystoneAuthenticator({
    authUrl: keystone.url,
    serviceUser: { applicationCredential: SERVICE_CREDENTIAL },
    clock: systemClock(),
  })
  t.after(async () => {
    authenticator.close()
    await keystone.close()
  })
  const token = keystone.issue({ userId: 'ada', projectId: 'demo', roles: ['Creator', 'member'] })
  return {
    authenticator,
    good: { 'x-auth-token': token },
    strategy: 'keystone',
    withoutCredentials: 'unauthorized',
    believesHeaders: false,
  }
})

authenticatorContract('local token', async (t: TestContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-contract-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const clock = systemClock()
  const key = await loadOrCreateSigningKey(join(folder, 'signing.pem'))
  const local = { key, deploymentId: '0123456789abcdef0123456789abcdef', clock }
  const token = await issueToken(local, {
    projectId: 'demo',
    userId: 'ada',
    roles: ['Creator', 'member'],
  })
  return {
    authenticator: new TokenAuthenticator({ local, clock }),
    good: { 'x-auth-token': token },
    strategy: 'token',
    withoutCredentials: 'unauthorized',
    believesHeaders: false,
  }
})

authenticatorContract('noauth', async () => ({
  authenticator: new NoauthAuthenticator(),
  good: {
    host: 'localhost',
    'x-project-id': 'demo',
    'x-user-id': 'ada',
    'x-roles': 'Creator,member',
  },
  strategy: 'noauth',
  withoutCredentials: 'badRequest',
  believesHeaders: true,
}))
