import assert from 'node:assert/strict'
import { after, before, describe, type TestContext, test } from 'node:test'
import { Workload } from '../../src/http/workload.ts'
import { type Door, type DoorOptions, MOST_AT_ONCE, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretWithPayload } from '../support/doorSecrets.ts'
import { Wire } from '../support/wire.ts'

const MAY_FAIL = { mayFail: true }

/** What shows that there is more to do than can be done. */
const SIGNS = {
  'the event loop is late': (door: Door, isOn: boolean) => {
    door.mood.isOverloaded = isOn
  },
  'too many requests wait': (door: Door, isOn: boolean) => {
    door.mood.waiting = isOn ? MOST_AT_ONCE : 0
  },
}

for (const [sign, show] of Object.entries(SIGNS)) {
  describe(`while ${sign}`, () => {
    let door: Door
    let creator: Caller
    let secret: MadeSecret
    before(async () => {
      door = await openDoor()
      creator = door.as({ project: 'p', user: 'u', roles: ['creator', 'admin'] })
      secret = await secretWithPayload(creator)
    })
    after(() => door.close())

    const during = async (work: () => Promise<void>): Promise<void> => {
      show(door, true)
      try {
        await work()
      } finally {
        show(door, false)
      }
    }

    test('metadata and payload are read, by whoever is known and may', async () => {
      await during(async () => {
        assert.equal((await creator.get(secret.path)).status, 200)
        assert.equal((await creator.get(`${secret.path}/payload`)).text, 'some payload')
        assert.equal((await creator.get(`/v1/secrets/${crypto.randomUUID()}`)).status, 404)
        const stranger = door.as({ project: 'q', user: 'v', roles: ['creator'] })
        assert.equal((await stranger.get(secret.path)).status, 403)
      })
    })

    test('a secret of another project is read through its ACL', async () => {
      await creator.put(`${secret.path}/acl`, { read: { users: ['octavia'] } })
      const service = door.as({ project: 'service', user: 'octavia', roles: ['none'] })
      await during(async () => {
        assert.equal((await service.get(`${secret.path}/payload`)).text, 'some payload')
      })
    })

    test('health checks and discovery are answered', async () => {
      await during(async () => {
        assert.equal((await door.nobody.get('/healthcheck')).status, 200)
        assert.equal((await door.nobody.get('/')).status, 300)
      })
    })

    test('writes, lists, orders and the reference are 503 with Retry-After, counted, and no failure', async () => {
      const asked = [
        ['POST', '/v1/secrets'],
        ['GET', '/v1/secrets'],
        ['PUT', secret.path],
        ['DELETE', secret.path],
        ['POST', '/v1/orders'],
        ['GET', '/v1/orders'],
        ['GET', '/v1/containers'],
        ['GET', `${secret.path}/acl`],
        ['GET', `${secret.path}/metadata`],
        ['GET', '/v1'],
        ['GET', '/v1/nothing'],
        ['GET', '/v1/openapi.json'],
      ] as const
      const before = door.shed.length
      await during(async () => {
        for (const [method, path] of asked) {
          const answer = await creator.ask(method, path, MAY_FAIL)
          assert.equal(answer.status, 503, `${method} ${path}`)
          assert.equal(answer.headers['retry-after'], '1')
          assert.equal(answer.json['title'], 'Service Unavailable')
        }
      })
      assert.equal(door.shed.length - before, asked.length)
      assert.deepEqual(door.failures, [])
      assert.equal((await creator.get(secret.path)).status, 200)
    })

    test('a token that would have to be asked about is 503, and is not asked about', async () => {
      const stranger = door.as({ project: 'unknown', user: 'u', roles: ['creator'] })
      door.authenticator.strangers.add('unknown')
      const refusals = door.refusals.length
      await during(async () => {
        assert.equal((await stranger.ask('GET', secret.path, MAY_FAIL)).status, 503)
        assert.equal((await door.nobody.ask('GET', secret.path, MAY_FAIL)).status, 503)
      })
      assert.equal(door.refusals.length, refusals)
    })

    test('a secret whose project key would have to be fetched is 503, and the KEK store is not asked', async () => {
      const other = door.as({ project: `cold ${sign}`, user: 'u', roles: ['creator'] })
      const cold = await secretWithPayload(other)
      door.forgetKeys(`cold ${sign}` as Parameters<Door['forgetKeys']>[0])
      const unwraps = door.kekStore.calls.unwrap
      await during(async () => {
        const answer = await other.ask('GET', `${cold.path}/payload`, MAY_FAIL)
        assert.equal(answer.status, 503)
        assert.equal(answer.headers['retry-after'], '1')
      })
      assert.equal(door.kekStore.calls.unwrap, unwraps)
      assert.equal((await other.get(`${cold.path}/payload`)).text, 'some payload')
      assert.equal(door.kekStore.calls.unwrap, unwraps + 1)
      assert.deepEqual(door.failures, [])
    })
  })
}

/** One fewer than too many wait, so that a single one more is too many. */
async function nearlyFull(t: TestContext, options: DoorOptions = {}) {
  const door = await openDoor(options)
  t.after(() => door.close())
  door.mood.waiting = MOST_AT_ONCE - 1
  const caller = door.as({ project: 'p', user: 'u', roles: ['creator'] })
  const listed = async (): Promise<number> =>
    (await caller.ask('GET', '/v1/orders', MAY_FAIL)).status
  return { door, caller, listed }
}

test('requests under way count until they are over, whatever becomes of them', {
  timeout: 600_000,
}, async (t) => {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>()
  const { promise: made, reject: fail } = Promise.withResolvers<never>()
  const keyPairs = {
    make: () => {
      begin()
      return made
    },
  }
  const { caller, listed } = await nearlyFull(t, { keyPairs, patienceMs: 1_000 })
  assert.equal(await listed(), 200)
  const meta = { algorithm: 'rsa', bit_length: 2048 }
  const ordered = caller.post('/v1/orders', { type: 'asymmetric', meta })
  await begun
  assert.equal(await listed(), 503)
  fail(new Error('not today'))
  assert.equal((await ordered).status, 202)
  assert.equal(await listed(), 200)
  assert.equal((await caller.get(`/v1/orders/${crypto.randomUUID()}`)).status, 404)
  assert.equal((await caller.post('/v1/orders', { type: 'nonsense' })).status, 400)
  assert.equal(await listed(), 200)
})

test('an order that was taken before is made, however late the loop: only what comes in is sent away', {
  timeout: 30_000,
}, async (t) => {
  const making = Promise.withResolvers<void>()
  const mayEnd = Promise.withResolvers<void>()
  const door = await openDoor({
    patienceMs: 0,
    keyPairs: {
      make: async () => {
        making.resolve()
        await mayEnd.promise
        return { privateKey: Buffer.from('private'), publicKey: Buffer.from('public') }
      },
    },
  })
  t.after(() => door.close())
  const caller = door.as({ project: 'p', user: 'u', roles: ['creator'] })
  const meta = { algorithm: 'rsa', bit_length: 2048 }
  const placed = await caller.post('/v1/orders', { type: 'asymmetric', meta })
  assert.equal(placed.status, 202)
  await making.promise
  door.mood.isOverloaded = true
  mayEnd.resolve()
  while (!door.orderEvents.some(({ type }) => type === 'made')) {
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  const { pathname } = new URL(String(placed.json['order_ref']))
  assert.equal((await caller.ask('GET', pathname, MAY_FAIL)).status, 503)
  door.mood.isOverloaded = false
  assert.equal((await caller.get(pathname)).json['status'], 'ACTIVE')
})

test('who waits to hear who he is, or for his own body, takes no place of others', {
  timeout: 600_000,
}, async (t) => {
  const { door, caller, listed } = await nearlyFull(t)
  const wire = await Wire.open(door.app)
  t.after(() => wire.close())
  const slow = await wire.connect()
  const head = 'POST /v1/secrets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  const identity = 'X-Project-Id: p\r\nX-User-Id: u\r\nX-Roles: creator\r\n'
  const before = door.decisions.size
  slow.on('error', () => undefined)
  slow.write(`${head}${identity}Content-Length: 50\r\n\r\n{"name":`)
  while (door.decisions.size === before) await new Promise((resolve) => setTimeout(resolve, 5))
  assert.equal(await listed(), 200)
  slow.destroy()

  const { promise, resolve } = Promise.withResolvers<void>()
  door.authenticator.gate = promise
  const { asked } = door.authenticator
  const unidentified = caller.get('/v1/secrets')
  while (door.authenticator.asked === asked) await new Promise((done) => setTimeout(done, 5))
  door.authenticator.gate = undefined
  assert.equal(await listed(), 200)
  resolve()
  assert.equal((await unidentified).status, 200)
  assert.deepEqual(door.shed, [])
})

test('when too many wait to hear who they are, one more is too many, and what is under way is not', async () => {
  const workload = new Workload({
    isLoopLate: () => false,
    waiting: () => 0,
    most: 3,
    onShed: () => undefined,
  })
  const { promise, resolve } = Promise.withResolvers<void>()
  const waiting = [1, 2].map(() => workload.identifying(() => promise))
  assert.equal(workload.isCrowdedAtTheDoor(), false)
  waiting.push(workload.identifying(() => promise))
  assert.equal(workload.isCrowdedAtTheDoor(), true)
  assert.equal(workload.overload(), undefined)
  resolve()
  await Promise.all(waiting)
  assert.equal(workload.isCrowdedAtTheDoor(), false)
})

test('a crowd of strangers at the door keeps out strangers alone', {
  timeout: 600_000,
}, async (t) => {
  const door = await openDoor({ mostAtOnce: 5 })
  t.after(() => door.close())
  const known = door.as({ project: 'p', user: 'u', roles: ['creator'] })
  const { path } = await secretWithPayload(known)
  const { promise, resolve } = Promise.withResolvers<void>()
  door.authenticator.strangers.add('stranger')
  door.authenticator.gateOfStrangers = promise
  const stranger = door.as({ project: 'stranger', user: 'v', roles: ['creator'] })
  const crowd = Array.from({ length: 8 }, () => stranger.ask('GET', '/v1/secrets', MAY_FAIL))
  while (door.shed.length < 3) await new Promise((done) => setTimeout(done, 5))
  assert.equal((await known.get(path)).status, 200)
  assert.equal((await known.get('/v1/secrets')).status, 200)
  assert.equal((await known.post('/v1/secrets', {})).status, 201)
  resolve()
  const statuses = (await Promise.all(crowd)).map(({ status }) => status)
  assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 200, 503, 503, 503])
  assert.deepEqual(door.shed, ['too many logins', 'too many logins', 'too many logins'])
})
