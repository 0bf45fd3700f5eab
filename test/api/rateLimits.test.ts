import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Door, type DoorOptions, openDoor } from '../support/door.ts'
import { secretOf } from '../support/doorSecrets.ts'

/** So slow that only its burst counts, and what a test lets pass. */
const SLOW = 0.01
const once = (burst: number) => ({ perSecond: SLOW, burst })
const OFF = { global: 'off', project: 'off', user: 'off' } as const

async function doorWith(t: TestContext, limits: DoorOptions['limits']): Promise<Door> {
  const door = await openDoor({ limits: limits ?? {} })
  t.after(() => door.close())
  return door
}

const identity = (project: string, user: string, ...roles: readonly string[]) => ({
  project,
  user,
  roles: ['creator', ...roles],
})

test('a project that asks too often is 429 with the seconds to wait, and other projects are not', async (t) => {
  const door = await doorWith(t, { reads: { ...OFF, project: once(3) } })
  const greedy = door.as(identity('greedy', 'u'))
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await greedy.get('/v1/secrets')).status, 200)
  }
  const refused = await greedy.get('/v1/secrets')
  assert.equal(refused.status, 429)
  assert.equal(refused.json['title'], 'Too Many Requests')
  assert.match(String(refused.json['description']), /^This project asks more often than it may/)
  const seconds = Number(refused.headers['retry-after'])
  assert.ok(seconds > 90 && seconds <= 100, `${seconds} s`)
  // Of another user of the same project as well.
  assert.equal((await door.as(identity('greedy', 'v')).get('/v1/secrets')).status, 429)
  assert.equal((await door.as(identity('modest', 'u')).get('/v1/secrets')).status, 200)
  assert.deepEqual(
    door.limited.map(({ kind, projectId, userId }) => [kind, projectId, userId]),
    [
      ['project', 'greedy', 'u'],
      ['project', 'greedy', 'v'],
    ],
  )
  assert.deepEqual(door.failures, [])
})

test('who waits as long as was said is served', async (t) => {
  const door = await doorWith(t, { reads: { ...OFF, project: once(1) } })
  const caller = door.as(identity('p', 'u'))
  await caller.get('/v1/secrets')
  const { headers } = await caller.get('/v1/secrets')
  door.clock.advanceSeconds(Number(headers['retry-after']))
  assert.equal((await caller.get('/v1/secrets')).status, 200)
})

test('a user is held to his own rate in whatever project', async (t) => {
  const door = await doorWith(t, { reads: { ...OFF, user: once(2) } })
  assert.equal((await door.as(identity('a', 'u')).get('/v1/secrets')).status, 200)
  assert.equal((await door.as(identity('b', 'u')).get('/v1/secrets')).status, 200)
  const refused = await door.as(identity('c', 'u')).get('/v1/secrets')
  assert.equal(refused.status, 429)
  assert.match(String(refused.json['description']), /^This user/)
  assert.equal((await door.as(identity('a', 'v')).get('/v1/secrets')).status, 200)
  // Nobody in particular has no bucket.
  for (let time = 0; time < 3; time += 1) {
    const nobody = door.as({ project: 'a', roles: ['creator'] })
    assert.equal((await nobody.get('/v1/secrets')).status, 200)
  }
})

test('all together are held to the global rate', async (t) => {
  const door = await doorWith(t, { reads: { ...OFF, global: once(3) } })
  for (const project of ['a', 'b', 'c']) {
    assert.equal((await door.as(identity(project, project)).get('/v1/secrets')).status, 200)
  }
  const refused = await door.as(identity('d', 'd')).get('/v1/secrets')
  assert.equal(refused.status, 429)
  assert.match(String(refused.json['description']), /^This server/)
  assert.equal(door.limited.at(-1)?.kind, 'global')
})

test('reads and writes draw from buckets of their own', async (t) => {
  const door = await doorWith(t, {
    reads: { ...OFF, project: once(4) },
    writes: { ...OFF, project: once(2) },
  })
  const caller = door.as(identity('p', 'u'))
  const { path } = await secretOf(caller)
  assert.equal((await caller.post('/v1/secrets', {})).status, 201)
  assert.equal((await caller.post('/v1/secrets', {})).status, 429)
  assert.equal((await caller.ask('DELETE', path)).status, 429)
  assert.equal((await caller.get(path)).status, 200)
})

test('what one limit refuses costs nothing at the others', async (t) => {
  const door = await doorWith(t, { reads: { ...OFF, global: once(5), project: once(2) } })
  const greedy = door.as(identity('greedy', 'u'))
  for (let time = 0; time < 20; time += 1) await greedy.get('/v1/secrets')
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await door.as(identity(`modest ${time}`, 'v')).get('/v1/secrets')).status, 200)
  }
})

test('exempt projects and roles are never refused, and leave the rest to the others', async (t) => {
  const door = await doorWith(t, {
    reads: { global: once(1), project: once(1), user: once(1) },
    exemptProjects: ['service-project'],
    exemptRoles: ['Key-Service'],
  })
  const exempt = [
    door.as(identity('service-project', 'u')),
    door.as(identity('p', 'cinder', 'key-service')),
  ]
  for (const caller of exempt) {
    for (let time = 0; time < 5; time += 1) {
      assert.equal((await caller.get('/v1/secrets')).status, 200)
    }
  }
  const other = door.as(identity('q', 'v'))
  assert.equal((await other.get('/v1/secrets')).status, 200)
  assert.equal((await other.get('/v1/secrets')).status, 429)
})

test('health checks, discovery and the reference are held to no rate', async (t) => {
  const door = await doorWith(t, { reads: { ...OFF, global: once(1) } })
  await door.as(identity('p', 'u')).get('/v1/secrets')
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await door.nobody.get('/healthcheck')).status, 200)
    assert.equal((await door.nobody.get('/')).status, 300)
    assert.equal((await door.nobody.get('/v1/openapi.json')).status, 200)
  }
})

test('wrong tokens from one address are looked at so often and no more, and a known one still is', async (t) => {
  const door = await doorWith(t, { failedLogins: once(3) })
  const known = door.as(identity('p', 'u'))
  assert.equal((await known.get('/v1/secrets')).status, 200)
  // No project: to this authenticator that is a token which is not valid.
  const guesser = door.nobody.with({ 'x-auth-token': 'guess' })
  for (let time = 0; time < 3; time += 1) {
    assert.equal((await guesser.get('/v1/secrets')).status, 401)
  }
  const refused = await guesser.get('/v1/secrets')
  assert.equal(refused.status, 429)
  assert.match(String(refused.json['description']), /^Too many tokens from this address/)
  assert.deepEqual(door.refusals.length, 3, 'the fourth was never looked at')
  assert.equal((await known.get('/v1/secrets')).status, 200)
  door.authenticator.strangers.add('late')
  const late = door.as(identity('late', 'w')).with({ 'x-auth-token': 'good' })
  assert.equal((await late.get('/v1/secrets')).status, 429)
  door.clock.advanceSeconds(Number(refused.headers['retry-after']))
  assert.equal((await late.get('/v1/secrets')).status, 200)
})

test('who sends no token at all is told so as often as they like', async (t) => {
  const door = await doorWith(t, { failedLogins: once(1) })
  for (let time = 0; time < 5; time += 1) {
    assert.equal((await door.nobody.get('/v1/secrets')).status, 401)
  }
})
