import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretOf, secretOfBytes } from '../support/doorSecrets.ts'

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
