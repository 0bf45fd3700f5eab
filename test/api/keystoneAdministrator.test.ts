import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretWithPayload } from '../support/doorSecrets.ts'

const MAY_FAIL = { mayFail: true }
/** What somebody may give himself who administers Keystone, in any project. */
const EVERY_ROLE = ['admin', 'creator', 'member', 'reader', 'key-manager:service-admin']

for (const mode of ['former', 'new'] as const) {
  describe(`a Keystone administrator gone bad, ${mode} defaults`, () => {
    let door: Door
    let owner: Caller
    let shared: MadeSecret
    let secret: MadeSecret
    before(async () => {
      door = await openDoor({ enforceNewDefaults: mode === 'new' })
      owner = door.as({ project: 'victim', user: 'owner', roles: ['creator', 'member'] })
      shared = await secretWithPayload(owner)
      secret = await secretWithPayload(owner)
      const acl = { read: { users: [], 'project-access': false } }
      assert.equal((await owner.put(`${secret.path}/acl`, acl)).status, 200)
    })
    after(() => door.close())

    test('reads no payload of a project that his token is not for, whatever roles it has; under the new defaults he may see its metadata and delete it', async () => {
      const elsewhere = door.as({ project: 'his own', user: 'root', roles: EVERY_ROLE })
      const doomed = await secretWithPayload(owner)
      const isNew = mode === 'new'
      for (const [method, path, expected] of [
        ['GET', `${shared.path}/payload`, 403],
        ['GET', `${secret.path}/payload`, 403],
        ['GET', `${secret.path}/acl`, 403],
        ['PUT', `${secret.path}/acl`, 403],
        ['GET', shared.path, isNew ? 200 : 403],
        ['GET', secret.path, isNew ? 200 : 403],
        ['DELETE', doomed.path, isNew ? 204 : 403],
      ] as const) {
        const request = method === 'PUT' ? { ...MAY_FAIL, body: { read: {} } } : MAY_FAIL
        const { status } = await elsewhere.ask(method, path, request)
        assert.equal(status, expected, `${method} ${path}`)
      }
      assert.equal((await elsewhere.get('/v1/secrets')).json['total'], 0)
      assert.equal((await owner.get(`${shared.path}/payload`)).text, 'some payload')
    })

    test('reads every payload of a project in which he gives himself a role, private ones included, and each is in the audit log under his name', async () => {
      const inside = door.as({ project: 'victim', user: 'root', roles: EVERY_ROLE })
      for (const { path } of [shared, secret]) {
        const read = await inside.get(`${path}/payload`)
        assert.equal(read.text, 'some payload')
        const decided = door.decisions.get(read.headers['x-openstack-request-id'] ?? '') ?? []
        assert.deepEqual(
          decided.map(({ ctx, rule, id, projectId, allowed }) => ({
            user: ctx.caller.userId,
            rule,
            path: `/v1/secrets/${id}`,
            projectId,
            allowed,
          })),
          [{ user: 'root', rule: 'secret:decrypt', path, projectId: 'victim', allowed: true }],
        )
      }
    })
  })
}
