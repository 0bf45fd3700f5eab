import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import { assertIsBareError } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf } from '../support/doorContainers.ts'
import { type MadeSecret, secretOf } from '../support/doorSecrets.ts'

const DEFAULT = { read: { 'project-access': true } }
const UNKNOWN = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'

interface Parent {
  readonly noun: 'secret' | 'container'
  make(caller: Caller): Promise<MadeSecret>
}

/** Whatever carries an ACL behaves the same (contract 06). */
const PARENTS: readonly Parent[] = [
  { noun: 'secret', make: (caller) => secretOf(caller) },
  { noun: 'container', make: (caller) => containerOf(caller) },
]

interface ReadAcl {
  readonly 'project-access': boolean
  readonly users?: readonly string[]
  readonly created?: string
  readonly updated?: string
}

for (const { noun, make } of PARENTS) {
  describe(`the ACL of a ${noun}`, () => {
    let door: Door
    let owner: Caller
    before(async () => {
      door = await openDoor()
      owner = door.as({ project: 'acls', user: 'owner', roles: ['creator'] })
    })
    after(() => door.close())

    const readOf = async (path: string): Promise<ReadAcl> => {
      const answer = await owner.get(`${path}/acl`)
      assert.equal(answer.status, 200)
      return answer.json['read'] as ReadAcl
    }
    const usersOf = async (path: string) => (await readOf(path)).users?.toSorted()
    const updatedOf = async (path: string) => (await owner.get(path)).json['updated']
    const withAcl = async (read: object): Promise<string> => {
      const { path } = await make(owner)
      assert.equal((await owner.put(`${path}/acl`, { read })).status, 200)
      return path
    }

    test('that was never set is the default document, exactly', async () => {
      const { path } = await make(owner)
      const answer = await owner.get(`${path}/acl`)
      assert.equal(answer.status, 200)
      assert.equal(answer.text, '{"read":{"project-access":true}}')
    })

    for (const method of ['PUT', 'PATCH'] as const) {
      test(`${method} answers 200 with acl_ref alone, and makes one where there is none`, async () => {
        const { path, id } = await make(owner)
        const answer = await owner.ask(method, `${path}/acl`, {
          body: { read: { users: ['u1', 'u2'], 'project-access': false } },
          headers: { 'content-type': 'application/json' },
        })
        assert.equal(answer.status, 200)
        assert.deepEqual(answer.json, { acl_ref: `${BASE}/v1/${noun}s/${id}/acl` })
        assert.equal(answer.headers['location'], undefined)
        const read = await readOf(path)
        assert.deepEqual(Object.keys(read), ['project-access', 'users', 'created', 'updated'])
        assert.equal(read['project-access'], false)
        assert.deepEqual(read.users?.toSorted(), ['u1', 'u2'])
        assert.match(read.created ?? '', /^2026-01-02T03:04:05\.\d{6}$/)
        assert.equal(read.updated, read.created)
        assert.equal(await updatedOf(path), read.updated)
      })

      test(`${method} of users alone lets the project in, of project-access alone names nobody`, async () => {
        const { path } = await make(owner)
        const set = (read: object) =>
          owner.ask(method, `${path}/acl`, {
            body: { read },
            headers: { 'content-type': 'application/json' },
          })
        await set({ users: ['u'] })
        assert.equal((await readOf(path))['project-access'], true)
        await owner.delete(`${path}/acl`)
        await set({ 'project-access': false })
        assert.deepEqual((await readOf(path)).users, [])
      })

      test(`${method} replaces the list of users: nothing is merged`, async () => {
        const path = await withAcl({ users: ['a', 'b'] })
        const body = { read: { users: ['c'] } }
        const headers = { 'content-type': 'application/json' }
        await owner.ask(method, `${path}/acl`, { body, headers })
        assert.deepEqual(await usersOf(path), ['c'])
      })

      test(`${method} moves the time of the ACL and of the ${noun}, and keeps that of its creation`, async () => {
        const path = await withAcl({ users: ['a'] })
        const first = await readOf(path)
        const body = { read: { users: ['a'] } }
        const headers = { 'content-type': 'application/json' }
        await owner.ask(method, `${path}/acl`, { body, headers })
        const second = await readOf(path)
        assert.equal(second.created, first.created)
        assert.ok((second.updated ?? '') > (first.updated ?? ''))
        assert.equal(await updatedOf(path), second.updated)
      })
    }

    test('PUT sets what it leaves out as if it were new', async () => {
      const path = await withAcl({ users: ['a'], 'project-access': false })
      await owner.put(`${path}/acl`, { read: { users: ['b'] } })
      assert.equal((await readOf(path))['project-access'], true)
      await owner.put(`${path}/acl`, { read: { 'project-access': false } })
      assert.deepEqual(await usersOf(path), [])
    })

    test('PATCH leaves what it leaves out', async () => {
      const path = await withAcl({ users: ['a'], 'project-access': false })
      await owner.patch(`${path}/acl`, { read: { users: [] } })
      assert.equal((await readOf(path))['project-access'], false)
      assert.deepEqual(await usersOf(path), [])
      await owner.patch(`${path}/acl`, { read: { users: ['b'] } })
      await owner.patch(`${path}/acl`, { read: { 'project-access': true } })
      assert.equal((await readOf(path))['project-access'], true)
      assert.deepEqual(await usersOf(path), ['b'])
    })

    for (const body of [{}, { read: {} }]) {
      test(`PUT ${JSON.stringify(body)} removes it, and PATCH with the same leaves it`, async () => {
        const path = await withAcl({ users: ['a'], 'project-access': false })
        const [acl, updated] = [await readOf(path), await updatedOf(path)]
        const patched = await owner.patch(`${path}/acl`, body)
        assert.equal(patched.status, 200)
        assert.equal(patched.json['acl_ref'], `${BASE}${path}/acl`)
        assert.deepEqual(await readOf(path), acl)
        assert.equal(await updatedOf(path), updated)
        const put = await owner.put(`${path}/acl`, body)
        assert.equal(put.status, 200)
        assert.equal(put.json['acl_ref'], `${BASE}${path}/acl`)
        assert.deepEqual((await owner.get(`${path}/acl`)).json, DEFAULT)
        assert.notEqual(await updatedOf(path), updated)
      })

      test(`PUT and PATCH ${JSON.stringify(body)} make none where there is none`, async () => {
        const { path } = await make(owner)
        const before = await updatedOf(path)
        assert.equal((await owner.put(`${path}/acl`, body)).status, 200)
        assert.equal((await owner.patch(`${path}/acl`, body)).status, 200)
        assert.deepEqual((await owner.get(`${path}/acl`)).json, DEFAULT)
        assert.equal(await updatedOf(path), before)
      })
    }

    test('DELETE answers 200 with null, also when there is none (Q57)', async () => {
      const path = await withAcl({ users: ['a'], 'project-access': false })
      for (let times = 0; times < 2; times += 1) {
        const answer = await owner.delete(`${path}/acl`)
        assert.equal(answer.status, 200)
        assert.equal(answer.text, 'null')
        assert.equal(answer.headers['content-type'], 'application/json')
        assert.deepEqual((await owner.get(`${path}/acl`)).json, DEFAULT)
      }
    })

    test('one that is removed and set again begins anew', async () => {
      const path = await withAcl({ users: ['a'] })
      const { created } = await readOf(path)
      await owner.delete(`${path}/acl`)
      await owner.put(`${path}/acl`, { read: { users: ['a'] } })
      assert.ok(((await readOf(path)).created ?? '') > (created ?? ''))
    })

    test('users are a set of trimmed ids, and any text is one', async () => {
      const path = await withAcl({ users: ['u', ' u', 'u\t', '', '  ', 'Ünïcode "🔑"', 'U'] })
      assert.deepEqual(await usersOf(path), ['', 'u', 'U', 'Ünïcode "🔑"'].toSorted())
    })

    test('ids have at most 255 characters, wherever in the list they stand (Q42)', async () => {
      const { path } = await make(owner)
      const long = '🔑'.repeat(255)
      assert.equal((await owner.put(`${path}/acl`, { read: { users: ['a', long] } })).status, 200)
      assert.deepEqual(await usersOf(path), ['a', long])
      for (const users of [[`${long}x`], ['a', `${long}x`]]) {
        const answer = await owner.put(`${path}/acl`, { read: { users } })
        assert.equal(answer.status, 400)
        assert.match(String(answer.json['description']), /read\.users\.\d .*at most 255/)
      }
    })

    test('as many users as a body holds are kept', async () => {
      const users = Array.from({ length: 3_000 }, (_, index) => `u${index}`)
      const path = await withAcl({ users })
      assert.deepEqual(await usersOf(path), users.toSorted())
      const last = door.as({ project: 'elsewhere', user: 'u2999', roles: [] })
      assert.equal((await last.get(path)).status, 200)
    })

    for (const body of [
      null,
      [],
      'read',
      [{ read: {} }],
      { write: {} },
      { list: {} },
      { delete: {} },
      { read: {}, write: {} },
      { Read: {} },
      { read: null },
      { read: [] },
      { read: 'all' },
      { read: true },
      { read: { 'creator-only': true } },
      { read: { users: ['u'], more: 1 } },
      { read: { project_access: true } },
      { read: { users: null } },
      { read: { users: 'u' } },
      { read: { users: { 0: 'u' } } },
      { read: { users: [1] } },
      { read: { users: ['ok', 5] } },
      { read: { users: ['ok', null] } },
      { read: { users: ['ok', ['u']] } },
      { read: { users: ['ok', {}] } },
      { read: { users: ['a\u0000'] } },
      { read: { 'project-access': null } },
      { read: { 'project-access': 'true' } },
      { read: { 'project-access': 1 } },
      { read: { 'project-access': [] } },
    ]) {
      test(`PUT and PATCH ${JSON.stringify(body)} are 400 and change nothing`, async () => {
        const path = await withAcl({ users: ['kept'], 'project-access': false })
        const before = await readOf(path)
        for (const answer of [
          await owner.put(`${path}/acl`, body),
          await owner.patch(`${path}/acl`, body),
        ]) {
          assert.equal(answer.status, 400, answer.text)
          assert.match(String(answer.json['description']), /\S\.$/)
        }
        assert.deepEqual(await readOf(path), before)
      })
    }

    test('POST and HEAD are 405 and say what is possible', async () => {
      const { path } = await make(owner)
      for (const method of ['POST', 'HEAD']) {
        const answer = await owner.ask(method, `${path}/acl`)
        assert.equal(answer.status, 405)
        assert.equal(answer.headers['allow'], 'DELETE, GET, PATCH, PUT')
      }
      assert.equal((await owner.ask('POST', `/v1/${noun}s/${UNKNOWN}/acl`)).status, 404)
    })

    test('nothing stands below it (Q21)', async () => {
      const { path } = await make(owner)
      assert.equal((await owner.get(`${path}/acl/read`)).status, 404)
    })

    for (const [what, id] of [
      ['unknown', UNKNOWN],
      ['in upper case', UNKNOWN.toUpperCase()],
      ['no UUID', 'acl'],
      ['of version 1', '2f3c7a9e-5a0d-1b8e-9d0a-0c1d2e3f4a5b'],
    ] as const) {
      test(`a ${noun} whose id is ${what} is 404 for every method, before 406, 403 and 415`, async () => {
        const nobody = door.as({ project: 'acls', user: 'x', roles: [] })
        for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
          const answer = await nobody.ask(method, `/v1/${noun}s/${id}/acl`, {
            headers: { accept: 'text/plain' },
          })
          assert.equal(answer.status, 404, method)
        }
      })
    }

    test('an Accept that excludes JSON is 406 before the rules and before any change', async () => {
      const path = await withAcl({ users: ['a'] })
      const stranger = door.as({ project: 'elsewhere', user: 'x', roles: [] })
      const headers = { accept: 'text/plain', 'content-type': 'application/json' }
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        for (const caller of [owner, stranger]) {
          const answer = await caller.ask(method, `${path}/acl`, { body: {}, headers })
          assert.equal(answer.status, 406, method)
        }
      }
      assert.deepEqual(await usersOf(path), ['a'])
    })

    test('another Content-Type or none is 415, after the rules', async () => {
      const path = await withAcl({ users: ['a'] })
      const observer = door.as({ project: 'acls', user: 'x', roles: ['observer'] })
      for (const method of ['PUT', 'PATCH']) {
        for (const type of [undefined, 'text/plain', 'Application/JSON']) {
          const headers = type === undefined ? {} : { 'content-type': type }
          const ask = { body: '{"read":{}}', headers }
          assert.equal((await owner.ask(method, `${path}/acl`, ask)).status, 415)
          assert.equal((await observer.ask(method, `${path}/acl`, ask)).status, 403)
        }
        const charset = { 'content-type': 'application/json; charset=utf-8' }
        const ask = { body: '{"read":{"users":["a"]}}', headers: charset }
        assert.equal((await owner.ask(method, `${path}/acl`, ask)).status, 200)
      }
      assert.deepEqual(await usersOf(path), ['a'])
    })

    test('a body that is too long is 413, one that is no JSON 400', async () => {
      const { path } = await make(owner)
      const users = Array.from({ length: 5_000 }, (_, index) => `u${index}`)
      assert.equal((await owner.put(`${path}/acl`, { read: { users } })).status, 413)
      for (const body of ['', '{', '\ufeff{}']) {
        assert.equal((await owner.put(`${path}/acl`, body)).status, 400)
      }
      assert.deepEqual((await owner.get(`${path}/acl`)).json, DEFAULT)
    })

    test('goes with its parent, users and all', async () => {
      const { id, path } = await make(owner)
      await owner.put(`${path}/acl`, { read: { users: ['a', 'b'], 'project-access': false } })
      assert.equal((await owner.delete(path)).status, 204)
      assert.equal((await owner.get(`${path}/acl`)).status, 404)
      const left = door.execute(
        `select count(*) as n from ${noun}_acl_users where ${noun}_id = ?`,
        id,
      )
      assert.equal(left[0]?.['n'], 0)
    })

    test('no alarm was raised and nothing failed', () => {
      assert.deepEqual(door.alarms, [])
      assert.deepEqual(door.failures, [])
    })

    for (const [what, sql] of [
      ['a user is added', `insert into ${noun}_acl_users values (?, 'thief')`],
      ['a user is taken away', `delete from ${noun}_acl_users where ${noun}_id = ?`],
      ['it opens to the project', `update ${noun}s set acl_project_access = 1 where id = ?`],
      ['it is removed', `update ${noun}s set acl_project_access = null where id = ?`],
      [
        'its creation is dated back',
        `update ${noun}s set acl_created_at = '2020-01-01T00:00:00.000000' where id = ?`,
      ],
    ] as const) {
      test(`${what} by hand: every verb is a bare 500 with one alarm, and writes nothing`, async () => {
        const { id, path } = await make(owner)
        await owner.put(`${path}/acl`, { read: { users: ['friend'], 'project-access': false } })
        door.execute(sql, id)
        const rows = () => [
          door.execute(`select * from ${noun}s where id = ?`, id),
          door.execute(`select * from ${noun}_acl_users where ${noun}_id = ?`, id),
        ]
        const before = rows()
        for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
          door.alarms.length = 0
          const answer = await owner.ask(method, `${path}/acl`, {
            body: { read: { users: ['friend'], 'project-access': false } },
            headers: { 'content-type': 'application/json' },
            mayFail: true,
          })
          assertIsBareError(answer)
          assert.equal(door.alarms.length, 1, method)
          assert.equal(door.alarms[0]?.what, 'row MAC does not match')
          assert.equal(door.alarms[0]?.id, id)
          assert.deepEqual(rows(), before)
        }
      })
    }
  })
}
