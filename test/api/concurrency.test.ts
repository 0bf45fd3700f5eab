import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretOfBytes } from '../support/doorSecrets.ts'

interface Read {
  readonly users: readonly string[]
  readonly 'project-access': boolean
}

const CONSUMER = { service: 's', resource_type: 't', resource_id: 'r' }
const TEXT = { 'content-type': 'text/plain' }

describe('requests at the same time', () => {
  let door: Door
  let creator: Caller
  before(async () => {
    door = await openDoor()
    creator = door.as({ project: 'together', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  const countOf = (answers: readonly { readonly status: number }[], status: number) =>
    answers.filter((answer) => answer.status === status).length

  test('of payload PUTs at once one is stored, the others are 409', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((body) => creator.put(path, body, TEXT)),
      )
      assert.equal(countOf(answers, 204), 1)
      assert.equal(countOf(answers, 409), 3)
      const winner = ['a', 'b', 'c', 'd'][answers.findIndex(({ status }) => status === 204)]
      assert.equal((await creator.get(`${path}/payload`)).text, winner)
    }
  })

  test('a PUT and a DELETE at once leave the secret gone', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const [put, removed] = await Promise.all([creator.put(path, 'x', TEXT), creator.delete(path)])
      assert.ok(put.status === 204 || put.status === 404, String(put.status))
      assert.equal(removed.status, 204)
      assert.equal((await creator.get(path)).status, 404)
    }
  })

  test('of DELETEs at once one is 204, the others are 404', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const answers = await Promise.all([1, 2, 3].map(() => creator.delete(path)))
      assert.equal(countOf(answers, 204), 1)
      assert.equal(countOf(answers, 404), 2)
    }
  })

  test('readers during a DELETE see the whole payload or 404, nothing between', async () => {
    for (let round = 0; round < 6; round += 1) {
      const payload = Buffer.alloc(10_000, round + 1)
      const { path } = await secretOfBytes(creator, payload)
      const [first, , ...rest] = await Promise.all([
        creator.get(`${path}/payload`),
        creator.delete(path),
        ...Array.from({ length: 6 }, () => creator.get(`${path}/payload`)),
      ])
      for (const answer of [first, ...rest]) {
        if (answer.status === 200) assert.deepEqual(answer.bytes, payload)
        else assert.equal(answer.status, 404)
      }
    }
  })

  test('readers during a PUT see no payload or the whole', async () => {
    const body = Buffer.alloc(15_000, 7)
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const [, ...reads] = await Promise.all([
        creator.put(path, body, { 'content-type': 'application/octet-stream' }),
        ...Array.from({ length: 6 }, () => creator.get(`${path}/payload`)),
      ])
      for (const answer of reads) {
        if (answer.status === 200) assert.deepEqual(answer.bytes, body)
        else assert.equal(answer.status, 404)
      }
    }
  })

  test('the first writes of a project at once make one key, and all of them open', async () => {
    const fresh = door.as({ project: 'brand-new', user: 'u', roles: ['creator'] })
    const made = await Promise.all(
      Array.from({ length: 20 }, (_, index) => secretOfBytes(fresh, Buffer.from([index + 1]))),
    )
    const keys = door.execute(
      "select count(*) as n from project_keys where project_keys.project_id = 'brand-new'",
    )
    assert.equal(keys[0]?.['n'], 1)
    for (const [index, { path }] of made.entries()) {
      assert.deepEqual((await fresh.get(`${path}/payload`)).bytes, Buffer.from([index + 1]))
    }
  })

  test('of POSTs of one metadatum at once one is 201, the others are 409', async () => {
    const { path } = await secretOf(creator)
    const answers = await Promise.all(
      ['a', 'b', 'c'].map((value) => creator.post(`${path}/metadata`, { key: 'k', value })),
    )
    assert.equal(countOf(answers, 201), 1)
    assert.equal(countOf(answers, 409), 2)
  })

  test('metadata that is written while the secret goes is 404 or gone with it', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const [, ...writes] = await Promise.all([
        creator.delete(path),
        creator.put(`${path}/metadata`, { metadata: { k: 'v' } }),
        creator.post(`${path}/metadata`, { key: 'l', value: 'v' }),
      ])
      for (const { status } of writes) assert.ok(status === 201 || status === 404, String(status))
    }
    const orphans = door.execute(
      'select count(*) as n from secret_metadata where secret_id not in (select id from secrets)',
    )
    assert.equal(orphans[0]?.['n'], 0)
  })

  test('of ACLs put at once the last one counts as a whole, and none is an error', async () => {
    for (let round = 0; round < 4; round += 1) {
      const { path } = await secretOf(creator)
      const answers = await Promise.all(
        ['a', 'b', 'c'].map((user) =>
          creator.put(`${path}/acl`, {
            read: { users: [user, `${user}2`], 'project-access': user === 'a' },
          }),
        ),
      )
      assert.equal(countOf(answers, 200), 3)
      const { read } = (await creator.get(`${path}/acl`)).json as { read: Read }
      const [first = ''] = read.users.toSorted()
      assert.deepEqual(read.users.toSorted(), [first, `${first}2`])
      assert.equal(read['project-access'], first === 'a')
    }
  })

  test('of many ACLs put at once, as by all workers of a load balancer, none is refused', async () => {
    const { path } = await secretOf(creator)
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        index % 10 === 9
          ? creator.delete(`${path}/acl`)
          : creator.put(`${path}/acl`, { read: { users: [`u${index}`] } }),
      ),
    )
    assert.equal(countOf(answers, 200), 30)
  })

  test('PATCHes of two things at once lose neither', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      await creator.put(`${path}/acl`, { read: { users: ['old'] } })
      const answers = await Promise.all([
        creator.patch(`${path}/acl`, { read: { users: ['new'] } }),
        creator.patch(`${path}/acl`, { read: { 'project-access': false } }),
      ])
      assert.equal(countOf(answers, 200), 2)
      const { read } = (await creator.get(`${path}/acl`)).json as { read: Read }
      assert.deepEqual(read.users, ['new'])
      assert.equal(read['project-access'], false)
    }
  })

  test('an ACL, a payload and a consumer that come at once all arrive', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const answers = await Promise.all([
        creator.put(`${path}/acl`, { read: { users: ['a'] } }),
        creator.put(path, 'payload', TEXT),
        creator.post(`${path}/consumers`, CONSUMER),
      ])
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 204, 200],
      )
      assert.match((await creator.get(`${path}/acl`)).text, /"a"/)
      assert.equal((await creator.get(`${path}/payload`)).text, 'payload')
      assert.equal((await creator.get(`${path}/consumers`)).json['total'], 1)
    }
  })

  test('an ACL that is put while the secret goes is 404 or gone with it', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const put = () => creator.put(`${path}/acl`, { read: { users: ['a'] } })
      const remove = () => creator.delete(path)
      const [first, second, third] =
        round % 2 === 0
          ? await Promise.all([put(), remove(), put()])
          : await Promise.all([remove(), put(), put()])
      const removed = round % 2 === 0 ? second : first
      const puts = round % 2 === 0 ? [first, third] : [second, third]
      // An ACL that came between makes the DELETE read again, never fail.
      assert.equal(removed.status, 204)
      for (const { status } of puts) assert.ok(status === 200 || status === 404, String(status))
      assert.equal((await creator.get(path)).status, 404)
    }
    const orphans = door.execute(
      'select count(*) as n from secret_acl_users where secret_id not in (select id from secrets)',
    )
    assert.equal(orphans[0]?.['n'], 0)
  })

  test('of registering and deleting at 1.2 at once one comes too late', async () => {
    const at12 = { 'openstack-api-version': 'key-manager 1.2' }
    for (let round = 0; round < 12; round += 1) {
      const { path, id } = await secretOf(creator)
      const register = () => creator.post(`${path}/consumers`, CONSUMER)
      const remove = () => creator.delete(path, at12)
      const answers = await Promise.all(
        round % 2 === 0 ? [register(), remove()] : [remove(), register()],
      )
      const [registered, removed] = round % 2 === 0 ? answers : answers.toReversed()
      const both = `${registered?.status} ${removed?.status}`
      assert.ok(both === '200 400' || both === '404 204', both)
      const isThere = registered?.status === 200
      assert.equal((await creator.get(path)).status, isThere ? 200 : 404)
      const rows = door.execute('select id from secret_consumers where secret_id = ?', id)
      assert.equal(rows.length, isThere ? 1 : 0)
    }
  })

  test('registering while the secret goes leaves no consumer behind', async () => {
    for (let round = 0; round < 6; round += 1) {
      const { path } = await secretOf(creator)
      const [removed, ...registered] = await Promise.all([
        creator.delete(path),
        ...['a', 'b', 'c'].map((resource_id) =>
          creator.post(`${path}/consumers`, { ...CONSUMER, resource_id }),
        ),
      ])
      assert.equal(removed?.status, 204)
      for (const { status } of registered) assert.ok(status === 200 || status === 404)
    }
    const orphans = door.execute(
      'select count(*) as n from secret_consumers where secret_id not in (select id from secrets)',
    )
    assert.equal(orphans[0]?.['n'], 0)
  })

  test('of one consumer registered and removed many times at once there is one or none', async () => {
    const { path } = await secretOf(creator)
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        index % 2 === 0
          ? creator.post(`${path}/consumers`, CONSUMER)
          : creator.deleteWith(`${path}/consumers`, CONSUMER),
      ),
    )
    assert.equal(countOf(answers, 200) + countOf(answers, 404), 12)
    const total = Number((await creator.get(`${path}/consumers`)).json['total'])
    assert.ok(total === 0 || total === 1)
  })

  test('lists during writes never fail and count what they show', async () => {
    const busy = door.as({ project: 'busy', user: 'u', roles: ['creator'] })
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        index % 3 === 0 ? busy.get('/v1/secrets?limit=100') : busy.post('/v1/secrets', {}),
      ),
    )
    for (const { status, json } of answers) {
      if (status === 200) assert.equal((json['secrets'] as unknown[]).length, json['total'])
      else assert.equal(status, 201)
    }
  })

  test('no alarm was raised and nothing failed', () => {
    assert.deepEqual(door.alarms, [])
    assert.deepEqual(door.failures, [])
  })
})
