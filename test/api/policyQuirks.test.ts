import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretWithPayload } from '../support/doorSecrets.ts'

const PRIVATE = { read: { 'project-access': false } }
const CONSUMER = { service: 'compute', resource_type: 'instance', resource_id: 'i-1' }
const NOWHERE = '/v1/secrets/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa'

/** What surprises in Barbican's policy and is kept, because clouds rely on it (docs/policy.md). */
describe('policy as Barbican has it, surprises included', () => {
  let legacy: Door
  let current: Door
  before(async () => {
    legacy = await openDoor()
    current = await openDoor({ enforceNewDefaults: true })
  })
  after(async () => {
    await legacy.close()
    await current.close()
  })

  async function privateSecretOf(owner: Caller): Promise<MadeSecret> {
    const made = await secretWithPayload(owner, { name: 'diary' })
    assert.equal((await owner.put(`${made.path}/acl`, PRIVATE)).status, 200)
    return made
  }

  test('a list shows the metadata of private secrets of others, their payload stays shut (Q03)', async () => {
    const owner = legacy.as({ project: 'q03', user: 'owner', roles: ['creator'] })
    const { path, ref } = await privateSecretOf(owner)
    const observer = legacy.as({ project: 'q03', user: 'observer', roles: ['observer'] })
    const { secrets } = (await observer.get('/v1/secrets')).json as {
      secrets: { secret_ref: string; name: string }[]
    }
    assert.deepEqual(
      secrets.map(({ secret_ref, name }) => [secret_ref, name]),
      [[ref, 'diary']],
    )
    assert.equal((await observer.get(path)).status, 403)
    assert.equal((await observer.get(`${path}/payload`)).status, 403)
  })

  test('an id that does not exist is 404 for everybody, one that is foreign 403 (Q04)', async () => {
    for (const door of [legacy, current]) {
      const owner = door.as({ project: 'q04', user: 'owner', roles: ['creator', 'member'] })
      const { path } = await secretWithPayload(owner)
      const stranger = door.as({ project: 'elsewhere', user: 'stranger', roles: [] })
      for (const suffix of ['', '/payload', '/metadata', '/acl', '/consumers']) {
        assert.equal((await stranger.get(`${path}${suffix}`)).status, 403, suffix)
        assert.equal((await stranger.get(`${NOWHERE}${suffix}`)).status, 404, suffix)
      }
      assert.equal((await stranger.delete(path)).status, 403)
      assert.equal((await stranger.delete(NOWHERE)).status, 404)
    }
  })

  test('legacy: any creator of the project opens the private secret of another by rewriting its ACL (Q48)', async () => {
    const owner = legacy.as({ project: 'q48', user: 'owner', roles: ['creator'] })
    const other = legacy.as({ project: 'q48', user: 'other', roles: ['creator'] })
    for (const open of [
      (path: string) => other.put(`${path}/acl`, { read: { users: ['other'] } }),
      (path: string) => other.delete(`${path}/acl`),
    ]) {
      const { path } = await privateSecretOf(owner)
      assert.equal((await other.get(`${path}/payload`)).status, 403)
      assert.equal((await open(path)).status, 200)
      assert.equal((await other.get(`${path}/payload`)).text, 'some payload')
    }
  })

  test('new: no member but the owner and the project admin can rewrite or remove an ACL, not even of a public secret', async () => {
    const owner = current.as({ project: 'q48', user: 'owner', roles: ['member'] })
    const other = current.as({ project: 'q48', user: 'other', roles: ['member'] })
    const admin = current.as({ project: 'q48', user: 'boss', roles: ['admin', 'member'] })
    for (const { path } of [await secretWithPayload(owner), await privateSecretOf(owner)]) {
      assert.equal((await other.put(`${path}/acl`, { read: {} })).status, 403)
      assert.equal((await other.delete(`${path}/acl`)).status, 403)
      assert.equal((await owner.put(`${path}/acl`, PRIVATE)).status, 200)
      assert.equal((await admin.delete(`${path}/acl`)).status, 200)
    }
  })

  test('legacy: observer, audit and service-admin add and remove consumers of what the project shares (Q56)', async () => {
    const owner = legacy.as({ project: 'q56', user: 'owner', roles: ['creator'] })
    const { path } = await secretWithPayload(owner)
    for (const role of ['observer', 'audit', 'key-manager:service-admin']) {
      const caller = legacy.as({ project: 'q56', user: role, roles: [role] })
      assert.equal((await caller.post(`${path}/consumers`, CONSUMER)).status, 200, role)
      const headers = { 'content-type': 'application/json' }
      const removed = await caller.ask('DELETE', `${path}/consumers`, { body: CONSUMER, headers })
      assert.equal(removed.status, 200, role)
    }
  })

  test('one consumer of a secret is judged by the facts of the secret (Q35)', async () => {
    const owner = current.as({ project: 'q35', user: 'owner', roles: ['member'] })
    const { path } = await privateSecretOf(owner)
    const item = `${path}/consumers/aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa`
    const other = current.as({ project: 'q35', user: 'other', roles: ['member'] })
    const foreignAdmin = current.as({ project: 'x', user: 'boss', roles: ['admin', 'member'] })
    // Let in, one finds that no such consumer is there.
    assert.equal((await owner.get(item)).status, 404)
    assert.equal((await other.get(item)).status, 403)
    assert.equal((await foreignAdmin.get(item)).status, 403)
  })
})
