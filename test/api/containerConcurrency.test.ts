import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, deleteWith, member, membersOf } from '../support/doorContainers.ts'
import { secretOf } from '../support/doorSecrets.ts'

const ROUNDS = 6
const CONSUMER = { name: 'Octavia', URL: 'https://lb.example' }

describe('requests for one container at the same time', () => {
  let door: Door
  let owner: Caller
  before(async () => {
    door = await openDoor()
    owner = door.as({ project: 'together', user: 'u', roles: ['admin'] })
  })
  after(async () => {
    assert.deepEqual(door.alarms, [], 'no torn read was taken for an attack')
    await door.close()
  })

  const statuses = (answers: readonly { readonly status: number }[]) =>
    answers.map(({ status }) => status).toSorted((a, b) => a - b)

  test('of additions of one pair one is 201, the others are 409', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const secret = await secretOf(owner)
      const container = await containerOf(owner)
      const path = `${container.path}/secrets`
      const answers = await Promise.all(
        [1, 2, 3].map(() => owner.post(path, member(secret, 'same'))),
      )
      assert.deepEqual(statuses(answers), [201, 409, 409])
      assert.deepEqual(await membersOf(owner, container), [member(secret, 'same')])
    }
  })

  test('additions of different pairs all come in', async () => {
    const secret = await secretOf(owner)
    const container = await containerOf(owner)
    const names = ['a', 'b', 'c', 'd']
    const answers = await Promise.all(
      names.map((name) => owner.post(`${container.path}/secrets`, member(secret, name))),
    )
    assert.deepEqual(statuses(answers), [201, 201, 201, 201])
    const shown = (await membersOf(owner, container)).map(({ name }) => name)
    assert.deepEqual(shown.toSorted(), names)
  })

  test('of removals of one pair one is 204, the others are 404', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const secret = await secretOf(owner)
      const container = await containerOf(owner, { secret_refs: [member(secret)] })
      const answers = await Promise.all(
        [1, 2, 3].map(() => deleteWith(owner, `${container.path}/secrets`, member(secret))),
      )
      assert.deepEqual(statuses(answers), [204, 404, 404])
      assert.deepEqual(await membersOf(owner, container), [])
    }
  })

  test('additions, consumers and readers during a DELETE: done or 404, and nothing is left', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const secret = await secretOf(owner)
      const container = await containerOf(owner)
      const [added, consumer, removed, read, addedLate] = await Promise.all([
        owner.post(`${container.path}/secrets`, member(secret)),
        owner.post(`${container.path}/consumers`, CONSUMER),
        owner.delete(container.path),
        owner.get(container.path),
        owner.post(`${container.path}/secrets`, member(secret, 'late')),
      ])
      assert.equal(removed.status, 204)
      for (const { status } of [added, addedLate]) assert.ok(status === 201 || status === 404)
      for (const { status } of [consumer, read]) assert.ok(status === 200 || status === 404)
      for (const table of ['container_secrets', 'container_consumers', 'container_acl_users']) {
        const left = door.execute(`select * from ${table} where container_id = ?`, container.id)
        assert.deepEqual(left, [], table)
      }
      assert.equal((await owner.get(container.path)).status, 404)
    }
  })

  test('a secret is deleted while it is added: in neither order is it shown, nor a reader alarmed', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const secret = await secretOf(owner)
      const container = await containerOf(owner)
      const [added, removed, read] = await Promise.all([
        owner.post(`${container.path}/secrets`, member(secret)),
        owner.delete(secret.path),
        owner.get(container.path),
      ])
      assert.ok(added.status === 201 || added.status === 404, added.text)
      assert.equal(removed.status, 204)
      assert.equal(read.status, 200)
      assert.deepEqual(await membersOf(owner, container), [])
    }
  })

  test('a container is made of a secret that goes meanwhile: 201 without it, or 404', async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const secret = await secretOf(owner)
      const body = { type: 'generic', secret_refs: [member(secret)] }
      const [made, removed] = await Promise.all([
        owner.post('/v1/containers', body),
        owner.delete(secret.path),
      ])
      assert.equal(removed.status, 204)
      if (made.status === 404) continue
      assert.equal(made.status, 201, made.text)
      const { pathname } = new URL(String(made.json['container_ref']))
      assert.deepEqual((await owner.get(pathname)).json['secret_refs'], [])
    }
  })

  test('one consumer registered by many at once is one, and each is told 200', async () => {
    const container = await containerOf(owner)
    const path = `${container.path}/consumers`
    const answers = await Promise.all([1, 2, 3, 4].map(() => owner.post(path, CONSUMER)))
    assert.deepEqual(statuses(answers), [200, 200, 200, 200])
    for (const { json } of answers) assert.deepEqual(json['consumers'], [CONSUMER])
    assert.equal((await owner.get(path)).json['total'], 1)
    const removed = await Promise.all([1, 2, 3].map(() => deleteWith(owner, path, CONSUMER)))
    assert.deepEqual(statuses(removed), [200, 404, 404])
  })

  test('members that change under their readers are always whole', async () => {
    const [one, two] = [await secretOf(owner), await secretOf(owner)]
    const container = await containerOf(owner, { secret_refs: [member(one, 'kept')] })
    const path = `${container.path}/secrets`
    for (let round = 0; round < ROUNDS; round += 1) {
      const [, ...reads] = await Promise.all([
        owner
          .post(path, member(two, 'moving'))
          .then(() => deleteWith(owner, path, member(two, 'moving'))),
        ...Array.from({ length: 8 }, () => owner.get(container.path)),
      ])
      for (const { status, json } of reads) {
        assert.equal(status, 200)
        const shown = json['secret_refs'] as readonly object[]
        assert.deepEqual(shown[0], member(one, 'kept'))
        assert.ok(shown.length <= 2)
      }
    }
  })
})
