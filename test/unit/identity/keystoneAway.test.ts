import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Fault } from '../../../src/lib/fault.ts'
import type { FakeMode } from '../../support/fakeKeystone.ts'
import { keystoneScene, request } from './keystoneSamples.ts'

const OK = 'user-1@project-1'
const BAD_MODES: readonly FakeMode[] = ['down', 'silent', 'failing', 'garbage', 'endless']

/** Short enough for a test, long enough for a loaded machine to answer in when Keystone is well. */
const scene = (t: TestContext, options = {}) =>
  keystoneScene(t, { timeoutSeconds: 0.5, probeEveryMs: 20, ...options })

/** Keystone is looked for in the background; a test has to give that look its time. */
async function eventually(ask: () => Promise<string>, wanted: string): Promise<void> {
  for (let tries = 0; tries < 6_000 && (await ask()) !== wanted; tries += 1) await sleep(10)
  assert.equal(await ask(), wanted)
}

for (const mode of BAD_MODES) {
  test(`Keystone ${mode}: an unknown token is 503 with Retry-After, never 401 and never a crash`, async (t) => {
    const { keystone, authenticator, ask } = await scene(t)
    assert.equal(await ask(keystone.issue()), OK)
    keystone.mode = mode
    const credentials = request({ 'x-auth-token': keystone.issue() })
    await assert.rejects(authenticator.authenticate(credentials), (error: unknown) => {
      assert.ok(error instanceof Fault && error.kind === 'unavailable', String(error))
      assert.match(error.headers['Retry-After'] ?? '', /^[1-9][0-9]*$/)
      return true
    })
  })

  test(`Keystone ${mode}: a token past token_cache_time is served until token_stale_time`, async (t) => {
    const { keystone, clock, ask, authenticator } = await scene(t)
    const token = keystone.issue()
    assert.equal(await ask(token), OK)
    keystone.mode = mode
    clock.forward(301)
    assert.equal(await ask(token), OK)
    assert.equal(authenticator.counters.stale, 1)
    clock.forward(598 - 301)
    assert.equal(await ask(token), OK)
    clock.forward(2)
    assert.equal(await ask(token), 'unavailable')
    keystone.mode = 'up'
    clock.forward(2)
    await eventually(() => ask(token), OK)
  })
}

test('token_stale_time = 0 serves nothing past token_cache_time', async (t) => {
  const { keystone, clock, ask } = await scene(t, { tokenStaleTimeSeconds: 0 })
  const token = keystone.issue()
  assert.equal(await ask(token), OK)
  keystone.mode = 'down'
  clock.forward(299)
  assert.equal(await ask(token), OK)
  clock.forward(2)
  assert.equal(await ask(token), 'unavailable')
})

test('a stale answer ends with its token, not with token_stale_time', async (t) => {
  const { keystone, clock, ask } = await scene(t)
  const token = keystone.issue({ expiresAtMs: clock.epochMs() + 400_000 })
  assert.equal(await ask(token), OK)
  keystone.mode = 'down'
  clock.forward(399)
  assert.equal(await ask(token), OK)
  clock.forward(1)
  assert.equal(await ask(token), 'unauthorized')
})

test('a token that Keystone disowns is dropped for good, also when Keystone goes away afterwards', async (t) => {
  const { keystone, clock, ask } = await scene(t)
  const token = keystone.issue()
  assert.equal(await ask(token), OK)
  keystone.revoke(token)
  clock.forward(301)
  assert.equal(await ask(token), 'unauthorized')
  keystone.mode = 'down'
  clock.forward(10)
  assert.equal(await ask(token), 'unavailable')
})

test('a service token vouches while Keystone is away only as long as any stale answer does', async (t) => {
  const { keystone, clock, ask } = await scene(t)
  const token = keystone.issue()
  const service = keystone.issue({ roles: ['service'] })
  assert.equal(await ask(token, service), OK)
  keystone.mode = 'down'
  clock.forward(400)
  assert.equal(await ask(token, service), OK)
  clock.forward(201)
  assert.equal(await ask(token, service), 'unavailable')
})

test('while Keystone is away nobody waits for it: one look in the background finds it again', async (t) => {
  const { keystone, ask, events } = await scene(t, { probeEveryMs: 200 })
  assert.equal(await ask(keystone.issue()), OK)
  keystone.mode = 'down'
  keystone.cutConnections()
  assert.equal(await ask(keystone.issue()), 'unavailable')
  const before = keystone.connections
  for (let i = 0; i < 50; i++) assert.equal(await ask(keystone.issue()), 'unavailable')
  assert.equal(keystone.connections, before)
  keystone.mode = 'up'
  await eventually(() => ask(keystone.issue()), OK)
  assert.deepEqual(
    events.map(({ kind }) => kind),
    ['serviceTokenRenewed', 'away', 'back'],
  )
})

test('a restarted Keystone is asked over a new connection without anybody noticing', async (t) => {
  const { keystone, ask } = await scene(t, { maxRetries: 3 })
  assert.equal(await ask(keystone.issue()), OK)
  keystone.cutConnections()
  assert.equal(await ask(keystone.issue()), OK)
})

test('a single 500 of Keystone costs one request, not a second of outage', async (t) => {
  const { keystone, ask } = await scene(t)
  assert.equal(await ask(keystone.issue()), OK)
  keystone.mode = 'failing'
  assert.equal(await ask(keystone.issue()), 'unavailable')
  keystone.mode = 'up'
  assert.equal(await ask(keystone.issue()), OK)
})

test('Keystone away at the very start is 503 until it is there', async (t) => {
  const { keystone, clock, ask } = await scene(t)
  keystone.mode = 'down'
  assert.equal(await ask(keystone.issue()), 'unavailable')
  keystone.mode = 'up'
  clock.forward(2)
  await eventually(() => ask(keystone.issue()), OK)
})

test('slow is not away: requests wait for Keystone and share its one answer', async (t) => {
  const { keystone, ask } = await keystoneScene(t)
  assert.equal(await ask(keystone.issue()), OK)
  const release = Promise.withResolvers<void>()
  keystone.gate = release.promise
  const token = keystone.issue()
  const waiting = Array.from({ length: 100 }, () => ask(token))
  release.resolve()
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set([OK]))
  assert.equal(keystone.validations, 2)
})

test('health tells whether Keystone can be asked', async (t) => {
  const { keystone, clock, authenticator } = await scene(t)
  await authenticator.health(AbortSignal.timeout(60_000))
  for (const mode of ['down', 'silent', 'failing'] as const) {
    keystone.mode = mode
    clock.forward(2)
    await assert.rejects(authenticator.health(AbortSignal.timeout(200)), { kind: 'unavailable' })
  }
})

test('no answer, error or event holds a token or a password', async (t) => {
  const { keystone, authenticator, events } = await scene(t)
  const token = keystone.issue()
  const said: unknown[] = []
  for (const mode of ['up', ...BAD_MODES] as const) {
    keystone.mode = mode
    await authenticator
      .authenticate(request({ 'x-auth-token': token }))
      .catch((error) => said.push(error))
    await authenticator
      .authenticate(request({ 'x-auth-token': `${token}x`, 'x-service-token': token }))
      .catch((error) => said.push(error))
  }
  const text = said
    .concat(events)
    .map((each) => inspectDeeply(each))
    .join('\n')
  assert.ok(text.length > 0)
  assert.ok(!text.includes(token))
  assert.ok(!text.includes('service-password'))
})

function inspectDeeply(value: unknown): string {
  const parts: string[] = []
  for (let each: unknown = value; each !== undefined && parts.length < 10; ) {
    parts.push(JSON.stringify(each, Object.getOwnPropertyNames(each)), String(each))
    each = each instanceof Error ? each.cause : undefined
  }
  return parts.join(' ')
}

test('a Keystone that hangs costs one wait, and known callers none after it', async (t) => {
  const { keystone, clock, ask, authenticator } = await scene(t, { probeEveryMs: 60_000 })
  const tokens = [keystone.issue(), keystone.issue(), keystone.issue()]
  for (const token of tokens) assert.equal(await ask(token), OK)
  keystone.mode = 'silent'
  clock.forward(301)
  assert.equal(await ask(tokens[0] ?? ''), OK)
  const connectionsBefore = keystone.connections
  const before = authenticator.counters.misses
  for (let round = 0; round < 20; round += 1) {
    for (const token of tokens) assert.equal(await ask(token), OK)
  }
  // Each was refused at once: nothing of it reached the wire, where it would have hung again.
  assert.equal(keystone.connections, connectionsBefore)
  assert.equal(authenticator.counters.misses - before, 60)
})
