import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Route } from '../../src/http/route.ts'
import { type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type Made, PROBES, type Probe } from '../support/policyProbes.ts'

const EVERY_ROLE = ['admin', 'creator', 'member', 'reader', 'key-manager:service-admin']
const MAX_BODY_BYTES = 25_000
const MAX_PAYLOAD_BYTES = 20_000

interface Changed {
  readonly caller?: Caller
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

const nameless = (path: string): string => path.replaceAll(/\{\w*\}/g, '{}')
const methodOf = ({ route }: Probe): string => route.split(' ')[0] ?? ''
const pathOf = ({ route }: Probe): string => route.split(' ')[1] ?? ''

function assertSaysVersion({ headers }: DoorAnswer, version: string): void {
  assert.equal(headers['openstack-api-version'], `key-manager ${version}`)
  assert.match(headers['vary'] ?? '', /(^|, )OpenStack-API-Version(,|$)/i)
}

/** What the contract says of all routes is asked of each: a new one is in here without a word. */
describe('every route', () => {
  let door: Door
  let owner: Caller
  before(async () => {
    door = await openDoor({ hasSeveralStores: true })
    owner = door.as({ project: 'p', user: 'u', roles: EVERY_ROLE })
  })
  after(() => door.close())

  const shared = new Map<Probe['make'], Promise<Made>>()

  /** Made once, unless what is asked uses it up. */
  function made(probe: Probe): Promise<Made> {
    const { make, spends } = probe
    if (make === undefined) return Promise.resolve({ record: '', path: pathOf(probe) })
    if (spends === true) return finished(make(owner))
    const it = shared.get(make) ?? finished(make(owner))
    shared.set(make, it)
    return it
  }

  async function finished(making: Promise<Made>): Promise<Made> {
    const it = await making
    await it.finish?.(owner)
    return it
  }

  /** The request of the probe, with what the test changes about it. */
  function asks(probe: Probe, it: Made, changed: Changed = {}): Promise<DoorAnswer> {
    const body = changed.body ?? it.body ?? probe.body
    return (changed.caller ?? owner).ask(methodOf(probe), changed.path ?? it.path, {
      headers: { ...probe.headers, ...changed.headers },
      ...(body === undefined ? {} : { body }),
    })
  }

  for (const probe of PROBES) {
    const name = `${probe.route} (${probe.rule})`
    test(`${name}: slashes at the end and double ones make no difference`, async () => {
      for (const spelt of [
        (path: string) => `${path}/`,
        (path: string) => `${path.replaceAll('/', '//')}//`,
      ]) {
        const it = await made(probe)
        const answer = await asks(probe, it, { path: spelt(it.path) })
        assert.ok(probe.allowed.includes(answer.status), `${spelt(it.path)}: ${answer.text}`)
      }
    })

    test(`${name}: every microversion is served, and said in the answer`, async () => {
      for (const version of ['1.0', '1.1', '1.2']) {
        const headers = { 'openstack-api-version': `key-manager ${version}` }
        const answer = await asks(probe, await made(probe), { headers })
        assert.ok(probe.allowed.includes(answer.status), `${version}: ${answer.text}`)
        assertSaysVersion(answer, version)
      }
    })

    test(`${name}: refusals say the version as well`, async () => {
      const it = await made(probe)
      const stranger = door.as({ project: 'p', user: 'stranger', roles: ['nothing'] })
      const refused = await asks(probe, it, { caller: stranger })
      assert.equal(refused.status, 403, refused.text)
      assertSaysVersion(refused, '1.0')
      const below = await owner.ask(methodOf(probe), `${it.path}/a/b/c`)
      assert.equal(below.status, 404)
      assertSaysVersion(below, '1.0')
    })

    test(`${name}: without a token it is 401, whatever else is wrong`, async () => {
      const it = await made(probe)
      const answer = await asks(probe, it, {
        caller: door.nobody,
        headers: { accept: 'text/nothing', 'openstack-api-version': 'key-manager 9.9' },
      })
      assert.equal(answer.status, 401)
      assert.equal(answer.headers['openstack-api-version'], undefined)
    })

    test(`${name}: an Accept without JSON is 406 where the answer is JSON, and never a failure (Q24)`, async () => {
      const it = await made(probe)
      if (routeOf(probe).accepts === 'json') {
        const answer = await asks(probe, it, { headers: { accept: 'text/html' } })
        assert.equal(answer.status, 406, answer.text)
      } else {
        const answer = await asks(probe, it, { headers: { accept: 'text/plain' } })
        assert.ok(answer.status < 300, answer.text)
      }
    })

    if (methodOf(probe) !== 'GET') {
      test(`${name}: a body beyond the limit is 413 where a body is read, and ignored where none is`, async () => {
        const route = routeOf(probe)
        const limit = route.body === 'payload' ? MAX_PAYLOAD_BYTES : MAX_BODY_BYTES
        const it = await made(probe)
        const answer = await asks(probe, it, { body: Buffer.alloc(limit + 1, ' ') })
        const expected = route.body === undefined ? probe.allowed : [413]
        assert.ok(expected.includes(answer.status), `${answer.status}: ${answer.text}`)
      })
    }
  }

  for (const [path, probe] of new Map(PROBES.map((probe) => [pathOf(probe), probe] as const))) {
    test(`${path}: a method that no record has is 405 with those that one has (Q09)`, async () => {
      const it = await made(probe)
      const here = door.routes.filter((route) => nameless(route.path) === path)
      const allow = here.map(({ method }) => method).toSorted()
      for (const method of ['HEAD', 'GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'LOCK']) {
        if (allow.some((each) => each === method)) continue
        const answer = await owner.ask(method, it.path)
        assert.equal(answer.status, 405, `${method}: ${answer.text}`)
        assert.equal(answer.headers['allow'], allow.join(', '), method)
        assertSaysVersion(answer, '1.0')
      }
    })

    test(`${path}: OPTIONS is an empty 200 for everybody (Q65)`, async () => {
      const answer = await door.nobody.ask('OPTIONS', (await made(probe)).path)
      assert.equal(answer.status, 200)
      assert.equal(answer.bytes.length, 0)
    })

    test(`${path}: below it is what a record says, and otherwise 404 (Q21)`, async () => {
      const it = await made(probe)
      const isRoute = (tail: string) =>
        door.routes.some((route) => nameless(route.path) === `${path}${tail}`)
      const { status } = await owner.get(`${it.path}/x`)
      assert.equal(status, isRoute('/{}') ? await statusBelow(probe) : 404)
      assert.equal((await owner.get(`${it.path}/x/y/z`)).status, 404)
    })
  }

  /** Quotas name projects, metadata has keys of any kind: what is not there is 404 in all of them. */
  async function statusBelow(probe: Probe): Promise<number> {
    const it = await made(probe)
    const { status } = await owner.get(`${it.path}/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`)
    assert.equal(status, 404)
    return status
  }

  function routeOf({ route }: Probe): Route {
    const found = door.routes.find((each) => `${each.method} ${nameless(each.path)}` === route)
    assert.ok(found, route)
    return found
  }

  test('none of this was an alarm or a failure', () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
  })
})
