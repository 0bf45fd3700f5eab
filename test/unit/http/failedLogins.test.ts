import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { RateLimits } from '../../../src/http/rateLimits.ts'
import { keystoneScene, request, verdictOf } from '../identity/keystoneSamples.ts'

const OFF = { global: 'off', project: 'off', user: 'off' } as const
const BURST = 5

async function guarded(t: TestContext) {
  const scene = await keystoneScene(t)
  const { authenticator, clock, keystone } = scene
  const limits = new RateLimits({
    reads: OFF,
    writes: OFF,
    failedLogins: { perSecond: 1, burst: BURST },
    exemptProjects: [],
    exemptRoles: [],
    mostBuckets: 100,
    monotonicMs: () => clock.monotonicMs(),
    onLimited: () => undefined,
  })
  const ask = (token: string, address: string, serviceToken?: string) =>
    verdictOf(
      limits.identify(
        authenticator,
        request({
          'x-auth-token': token,
          ...(serviceToken === undefined ? {} : { 'x-service-token': serviceToken }),
        }),
        address,
      ),
    )
  return { ...scene, ask, keystone }
}

test('of a flood of wrong tokens at once, Keystone is asked about no more than the burst', async (t) => {
  const { ask, keystone } = await guarded(t)
  const verdicts = await Promise.all(
    Array.from({ length: 500 }, (_, index) => ask(`wrong-${index}`, '192.0.2.1')),
  )
  assert.equal(keystone.validations, BURST)
  assert.equal(verdicts.filter((it) => it === 'unauthorized').length, BURST)
  assert.equal(verdicts.filter((it) => it === 'tooMany').length, 500 - BURST)
})

test('then about as many as the rate brings, and another address is as free as ever', async (t) => {
  const { ask, clock, keystone } = await guarded(t)
  for (let index = 0; index < 20; index += 1) await ask(`wrong-${index}`, '192.0.2.1')
  assert.equal(keystone.validations, BURST)
  clock.forward(2)
  for (let index = 20; index < 40; index += 1) await ask(`wrong-${index}`, '192.0.2.1')
  assert.equal(keystone.validations, BURST + 2)
  assert.equal(await ask(keystone.issue(), '192.0.2.2'), 'user-1@project-1')
})

test('good tokens of one address cost nothing, however many come, and are let by once they are known', async (t) => {
  const { ask, keystone } = await guarded(t)
  const good = Array.from({ length: BURST * 4 }, () => keystone.issue())
  for (const token of good) assert.equal(await ask(token, '192.0.2.1'), 'user-1@project-1')
  for (let index = 0; index < 20; index += 1) await ask(`wrong-${index}`, '192.0.2.1')
  for (const token of good) assert.equal(await ask(token, '192.0.2.1'), 'user-1@project-1')
  assert.equal(await ask(keystone.issue(), '192.0.2.1'), 'tooMany')
})

test('what Keystone cannot say is nobody’s wrong token', async (t) => {
  const { ask, keystone } = await guarded(t)
  keystone.mode = 'failing'
  for (let index = 0; index < BURST * 2; index += 1) {
    assert.equal(await ask(`any-${index}`, '192.0.2.1'), 'unavailable')
  }
})

test('at hand is a token whose service token is at hand too, and an expired one only beside it', async (t) => {
  const { authenticator, clock, keystone } = await guarded(t)
  const service = keystone.issue({ roles: ['service'] })
  const expired = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
  const both = request({ 'x-auth-token': expired, 'x-service-token': service })
  assert.equal(authenticator.isAtHand(both), false)
  await authenticator.authenticate(both)
  assert.equal(authenticator.isAtHand(both), true)
  assert.equal(authenticator.isAtHand(request({ 'x-auth-token': expired })), false)
  const other = request({ 'x-auth-token': expired, 'x-service-token': keystone.issue() })
  assert.equal(authenticator.isAtHand(other), false)
  clock.forward(301)
  assert.equal(authenticator.isAtHand(both), false)
})
