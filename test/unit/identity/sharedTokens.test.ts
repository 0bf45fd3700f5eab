import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { SharedCacheSeal } from '../../../src/crypto/cacheSeal.ts'
import { KeystoneAuthenticator } from '../../../src/identity/keystoneAuthenticator.ts'
import type { KeystoneOptions } from '../../../src/identity/keystoneOptions.ts'
import {
  type RemoteCache,
  type SharedLookup,
  SharedTokens,
} from '../../../src/identity/sharedTokens.ts'
import { FakeKeystone } from '../../support/fakeKeystone.ts'
import { PASSWORD_USER, request, verdictOf } from './keystoneSamples.ts'
import { ManualClock } from './manualClock.ts'

const OK = 'user-1@project-1'
const SECRET = createSecretKey(randomBytes(32))

/** Keeps everything for ever, whatever it was told: nothing may depend on its honesty. */
class Hoard implements RemoteCache {
  readonly entries = new Map<string, Buffer>()
  readonly lives: number[] = []
  isAway = false

  async get(name: string): Promise<Buffer | undefined> {
    if (this.isAway) throw new Error('away')
    return this.entries.get(name)
  }
  async set(name: string, value: Buffer, lifeMs: number): Promise<void> {
    if (this.isAway) throw new Error('away')
    this.lives.push(lifeMs)
    this.entries.set(name, value)
  }
  /** Deleted entries come back; see `forgotten`. */
  async delete(name: string): Promise<void> {
    this.forgotten.push(name)
  }
  readonly forgotten: string[] = []
  /** Claims nobody ever loses, unless it is told otherwise. */
  isClaimed = false
  async claim(): Promise<boolean> {
    if (this.isAway) throw new Error('away')
    return !this.isClaimed
  }
}

interface Node {
  ask(token: string, serviceToken?: string, path?: string): Promise<string>
  readonly lookups: SharedLookup[]
  readonly clock: ManualClock
}

async function scene(t: TestContext, options: Partial<KeystoneOptions> = {}) {
  const clock = new ManualClock()
  const keystone = await FakeKeystone.start({ epochMs: clock.epochMs })
  t.after(() => keystone.close())
  const hoard = new Hoard()
  const waits = { count: 0, during: async (): Promise<void> => undefined }
  const node = (
    given: { secret?: typeof SECRET; deployment?: string; clock?: ManualClock } = {},
  ): Node => {
    const lookups: SharedLookup[] = []
    const own = given.clock ?? clock
    const authenticator = new KeystoneAuthenticator({
      authUrl: keystone.url,
      serviceUser: PASSWORD_USER,
      maxRetries: 0,
      timeoutSeconds: 5,
      clock: own,
      tokenCacheTimeSeconds: 300,
      shared: new SharedTokens({
        cache: hoard,
        seal: new SharedCacheSeal(given.secret ?? SECRET, given.deployment ?? 'deployment'),
        clock: own,
        onLookup: (outcome) => lookups.push(outcome),
        waitMs: 100,
        wait: async (ms) => {
          waits.count += 1
          await waits.during()
          own.forward(ms / 1000)
        },
      }),
      ...options,
    })
    t.after(() => authenticator.close())
    return {
      lookups,
      clock: own,
      ask: (token, serviceToken, path) =>
        verdictOf(
          authenticator.authenticate(
            request(
              {
                'x-auth-token': token,
                ...(serviceToken === undefined ? {} : { 'x-service-token': serviceToken }),
              },
              'GET',
              path,
            ),
          ),
        ),
    }
  }
  return { clock, keystone, hoard, node, waits }
}

test('four processes ask Keystone once about a token', async (t) => {
  const { keystone, node } = await scene(t)
  const token = keystone.issue()
  for (const process of [node(), node(), node(), node()]) {
    assert.equal(await process.ask(token), OK)
    assert.equal(await process.ask(token), OK)
  }
  assert.equal(keystone.validations, 1)
})

test('whoever comes second waits for the one that asks Keystone, and has its answer', async (t) => {
  const { keystone, hoard, node, waits } = await scene(t)
  const [first, second] = [node(), node()]
  const token = keystone.issue()
  hoard.isClaimed = true
  hoard.entries.set('claimed', Buffer.from('1'))
  hoard.get = async (name) => hoard.entries.get(name.endsWith(':claim') ? 'claimed' : name)
  waits.during = async () => {
    hoard.isClaimed = false
    await first.ask(token)
  }
  assert.equal(await second.ask(token), OK)
  assert.equal(keystone.validations, 1)
  assert.equal(waits.count, 1)
})

test('whoever waits in vain asks as well: when the claim is given back, and after waitMs whatever the cache says', async (t) => {
  const { keystone, hoard, node, waits } = await scene(t)
  hoard.isClaimed = true
  assert.equal(await node().ask(keystone.issue()), OK)
  assert.equal(waits.count, 1, 'there is no claim any more')
  hoard.get = async (name) => (name.endsWith(':claim') ? Buffer.from('1') : hoard.entries.get(name))
  assert.equal(await node().ask(keystone.issue()), OK)
  assert.equal(waits.count, 1 + 20, '100 ms of 5')
})

test('a refusal and a failure of Keystone give the claim back', async (t) => {
  const { keystone, hoard, node } = await scene(t)
  assert.equal(await node().ask('gAAAAAunknown'), 'unauthorized')
  const claims = () => hoard.forgotten.filter((name) => name.endsWith(':claim')).length
  assert.equal(claims(), 1)
  keystone.mode = 'down'
  assert.equal(await node().ask(keystone.issue()), 'unavailable')
  assert.equal(claims(), 2)
})

test('neither the name nor the content of an entry shows the token, its hash, user or roles', async (t) => {
  const { keystone, hoard, node } = await scene(t)
  const token = keystone.issue({ userId: 'somebody', roles: ['observer'] })
  await node().ask(token)
  const [entry] = hoard.entries
  assert.ok(entry !== undefined)
  const [name, value] = entry
  for (const word of [token, 'somebody', 'observer', 'project-1']) {
    assert.ok(!name.includes(word) && !value.includes(word), word)
  }
})

test('an answer grows no younger by changing hands: a revoked token ends after token_cache_time everywhere', async (t) => {
  const { keystone, clock, node } = await scene(t)
  const token = keystone.issue()
  const [first, second, third] = [node(), node(), node()]
  assert.equal(await first.ask(token), OK)
  keystone.revoke(token)
  clock.forward(299)
  assert.equal(await second.ask(token), OK)
  clock.forward(2)
  for (const process of [first, second, third]) {
    assert.equal(await process.ask(token), 'unauthorized')
  }
})

test('an entry that outlives its time is not believed, and its life is what is left of it', async (t) => {
  const { keystone, clock, hoard, node } = await scene(t)
  const token = keystone.issue({ expiresAtMs: clock.epochMs() + 120_000 })
  await node().ask(token)
  assert.deepEqual(hoard.lives, [120_000], 'a token ends before its cache time')
  const long = keystone.issue()
  await node().ask(long)
  assert.equal(hoard.lives.at(-1), 300_000)
  clock.forward(121)
  assert.equal(await node().ask(token), 'unauthorized')
  clock.forward(200)
  const before = keystone.validations
  assert.equal(await node().ask(long), OK)
  assert.equal(keystone.validations - before, 1)
})

test('a token that Keystone no longer knows is taken out for all', async (t) => {
  const { keystone, clock, hoard, node } = await scene(t)
  const token = keystone.issue()
  const process = node()
  await process.ask(token)
  clock.forward(301)
  keystone.revoke(token)
  assert.equal(await process.ask(token), 'unauthorized')
  assert.deepEqual(
    hoard.forgotten.filter((name) => !name.endsWith(':claim')),
    [...hoard.entries.keys()],
  )
})

test('an entry from the future is not believed', async (t) => {
  const { keystone, node } = await scene(t)
  const token = keystone.issue()
  const ahead = new ManualClock()
  ahead.forward(60)
  await node({ clock: ahead }).ask(token)
  const behind = node()
  assert.equal(await behind.ask(token), OK)
  assert.deepEqual(behind.lookups, ['refused'])
  assert.equal(keystone.validations, 2)
})

test('an expired token wants a service token, whoever validated it before', async (t) => {
  const { keystone, clock, node } = await scene(t)
  const user = keystone.issue({ expiresAtMs: clock.epochMs() - 1000 })
  const service = keystone.issue({ roles: ['service'] })
  const [first, second] = [node(), node()]
  assert.equal(await first.ask(user, service), OK)
  const before = keystone.validations
  assert.equal(await second.ask(user, service), OK)
  assert.equal(keystone.validations, before, 'both are known')
  assert.equal(await second.ask(user), 'unauthorized')
  assert.equal(await node().ask(user), 'unauthorized')
  const noService = keystone.issue({ roles: ['member'] })
  assert.equal(await second.ask(user, noService), 'unauthorized')
})

test('a valid token that came with a service token is known to those without one, and the other way round', async (t) => {
  const { keystone, node } = await scene(t)
  const service = keystone.issue({ roles: ['service'] })
  const user = keystone.issue()
  await node().ask(user, service)
  const before = keystone.validations
  assert.equal(await node().ask(user), OK)
  assert.equal(await node().ask(user, service), OK)
  assert.equal(keystone.validations, before)
})

test('access rules of an application credential hold on the node that did not ask', async (t) => {
  const { keystone, node } = await scene(t)
  const token = keystone.issue({
    accessRules: [{ service: 'key-manager', method: 'GET', path: '/v1/orders' }],
  })
  const nothing = keystone.issue({ accessRules: [] })
  const system = keystone.issue({ scope: 'system' })
  const first = node()
  for (const one of [token, nothing, system]) await first.ask(one)
  const before = keystone.validations
  const second = node()
  assert.equal(await second.ask(token), 'unauthorized')
  assert.equal(await second.ask(token, undefined, '/v1/orders'), OK)
  assert.equal(await second.ask(nothing, undefined, '/v1/orders'), 'unauthorized')
  assert.equal(await second.ask(system), 'unauthorized')
  assert.equal(keystone.validations, before)
})

test('a Redis writer gains nothing: swapped, forged, cut and foreign entries are asked about again', async (t) => {
  const { keystone, hoard, node } = await scene(t)
  const admin = keystone.issue({ userId: 'admin', roles: ['admin'] })
  const guest = keystone.issue({ userId: 'guest' })
  await node().ask(admin)
  const adminEntry = [...hoard.entries.values()][0]
  assert.ok(adminEntry !== undefined)
  await node().ask(guest)
  const guestName = [...hoard.entries.keys()][1] ?? ''
  for (const lie of [
    adminEntry,
    adminEntry.subarray(0, 40),
    Buffer.from('{"roles":["admin"]}'),
    Buffer.alloc(0),
  ]) {
    hoard.entries.set(guestName, lie)
    const victim = node()
    assert.equal(await victim.ask(guest), 'guest@project-1')
    assert.deepEqual(victim.lookups, ['refused'])
  }
  // Another deployment, or another secret, does not even ask for the same names.
  for (const other of [
    node({ deployment: 'another' }),
    node({ secret: createSecretKey(randomBytes(32)) }),
  ]) {
    await other.ask(guest)
    assert.deepEqual(other.lookups, ['miss'])
  }
})

test('while the cache is away everything is as without it', async (t) => {
  const { keystone, hoard, node } = await scene(t)
  hoard.isAway = true
  const token = keystone.issue()
  const [first, second] = [node(), node()]
  assert.equal(await first.ask(token), OK)
  assert.equal(await second.ask(token), OK)
  assert.equal(keystone.validations, 2)
  assert.deepEqual(second.lookups, ['unanswered', 'unkept'])
  assert.equal(await second.ask('rubbish'), 'unauthorized')
})

test('what others validated keeps this node going while Keystone is away, no longer than its own would', async (t) => {
  const { keystone, clock, node } = await scene(t, { tokenStaleTimeSeconds: 600 })
  const token = keystone.issue({ expiresAtMs: clock.epochMs() + 3_600_000 })
  await node().ask(token)
  keystone.mode = 'down'
  const second = node()
  assert.equal(await second.ask(token), OK)
  clock.forward(599)
  assert.equal(await second.ask(token), OK)
  clock.forward(2)
  assert.equal(await second.ask(token), 'unavailable')
})

test('with token_cache_time 0 nothing is shared', async (t) => {
  const { keystone, hoard, node } = await scene(t, { tokenCacheTimeSeconds: 0 })
  const token = keystone.issue()
  await node().ask(token)
  await node().ask(token)
  assert.equal(keystone.validations, 2)
  assert.equal(hoard.entries.size, 0)
})
