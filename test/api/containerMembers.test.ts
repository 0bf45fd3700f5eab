import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, deleteWith, member, membersOf } from '../support/doorContainers.ts'
import { secretOf } from '../support/doorSecrets.ts'

const UNKNOWN = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'

describe('/v1/containers/{id}/secrets', () => {
  let door: Door
  let admin: Caller
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'members', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  /** Neither a secret of the project, nor live, nor an id: all 404 where a secret is wanted. */
  async function unreadable() {
    const foreign = await secretOf(door.as({ project: 'stranger', user: 's', roles: ['admin'] }))
    const deleted = await secretOf(admin)
    await admin.delete(deleted.path)
    const { id } = await secretOf(admin)
    return [
      foreign.ref,
      deleted.ref,
      `${BASE}/v1/secrets/${UNKNOWN}`,
      `${BASE}/v1/secrets/${id}/`,
      `${BASE}/v1/secrets/${id.toUpperCase()}`,
      `${BASE}/v1/secrets/x`,
      '/',
    ]
  }

  describe('POST', () => {
    test('201 with the ref of the container, which Location repeats; `updated` stays', async () => {
      const [one, two] = [await secretOf(admin), await secretOf(admin)]
      const container = await containerOf(admin, { secret_refs: [member(one, 'first')] })
      const { updated } = (await admin.get(container.path)).json
      const answer = await admin.post(`${container.path}/secrets`, member(two, 'second'))
      assert.equal(answer.status, 201)
      assert.deepEqual(answer.json, { container_ref: container.ref })
      assert.equal(answer.headers['location'], container.ref)
      assert.deepEqual(await membersOf(admin, container), [
        member(one, 'first'),
        member(two, 'second'),
      ])
      assert.equal((await admin.get(container.path)).json['updated'], updated)
    })

    test('the same pair is 409; another name for the secret, another secret for the name are not', async () => {
      const [one, two] = [await secretOf(admin), await secretOf(admin)]
      const container = await containerOf(admin)
      const add = (body: unknown) => admin.post(`${container.path}/secrets`, body)
      const bodies = [
        member(one),
        member(one, ''),
        member(one, 'a'),
        member(one, 'A'),
        member(two, 'a'),
        member(two),
      ]
      for (const body of bodies) assert.equal((await add(body)).status, 201)
      for (const body of bodies) assert.equal((await add(body)).status, 409)
      const shown = bodies.map((body) => ({ name: null, ...body }))
      assert.deepEqual(await membersOf(admin, container), shown)
    })

    test('where a reference begins is not looked at (Q37)', async () => {
      const { id, ref } = await secretOf(admin)
      const container = await containerOf(admin)
      const starts = ['https://other.example/v1/secrets/', '/', '//', 'x/', `${BASE}evil/`]
      for (const [index, start] of starts.entries()) {
        const body = { name: String(index), secret_ref: `${start}${id}` }
        assert.equal((await admin.post(`${container.path}/secrets`, body)).status, 201, start)
      }
      for (const { secret_ref } of await membersOf(admin, container)) assert.equal(secret_ref, ref)
    })

    test("a secret that is not the project's, not live or no secret is 404; a bare id is 400", async () => {
      const container = await containerOf(admin)
      for (const secret_ref of await unreadable()) {
        const answer = await admin.post(`${container.path}/secrets`, { secret_ref })
        assert.equal(answer.status, 404, secret_ref)
      }
      const { id } = await secretOf(admin)
      const bare = { secret_ref: id }
      assert.equal((await admin.post(`${container.path}/secrets`, bare)).status, 400)
      assert.deepEqual(await membersOf(admin, container), [])
    })

    test('an expired secret is 404 and one that expired in the container keeps its place', async () => {
      door.clock.set('2026-06-01T00:00:00Z')
      const expiring = await secretOf(admin, { expiration: '2026-06-01T01:00:00' })
      const container = await containerOf(admin, { secret_refs: [member(expiring, 'old')] })
      door.clock.set('2026-06-01T01:00:00Z')
      const add = (body: unknown) => admin.post(`${container.path}/secrets`, body)
      assert.equal((await add(member(expiring, 'new'))).status, 404)
      const fresh = await secretOf(admin)
      assert.equal((await add(member(fresh, 'fresh'))).status, 201)
      const both = [member(expiring, 'old'), member(fresh, 'fresh')]
      assert.deepEqual(await membersOf(admin, container), both)
    })

    for (const type of ['rsa', 'certificate']) {
      test(`a container of type ${type} takes none: 400, whatever secret the body names`, async () => {
        const container = await containerOf(admin, { type })
        const path = `${container.path}/secrets`
        const body = member(await secretOf(admin), 'private_key')
        assert.equal((await admin.post(path, body)).status, 400)
        assert.equal((await admin.post(path, '{')).status, 400)
        const unknown = { secret_ref: `${BASE}/v1/secrets/${UNKNOWN}` }
        assert.equal(
          (await admin.post(path, unknown)).status,
          400,
          'before the secret is looked for',
        )
        const text = { 'content-type': 'text/plain' }
        assert.equal((await admin.post(path, 'x', text)).status, 415)
        assert.deepEqual(await membersOf(admin, container), [])
      })
    }

    test('a member whose secret was deleted is forgotten when the next one comes', async () => {
      const [one, two, three] = [
        await secretOf(admin),
        await secretOf(admin),
        await secretOf(admin),
      ]
      const secret_refs = [member(one, 'a'), member(two, 'b')]
      const container = await containerOf(admin, { secret_refs })
      const rows = () =>
        door.execute(
          'select name, position from container_secrets where container_id = ? order by position',
          container.id,
        )
      await admin.delete(one.path)
      assert.equal(rows().length, 2)
      assert.equal((await admin.post(`${container.path}/secrets`, member(three, 'a'))).status, 201)
      assert.deepEqual(rows(), [
        { name: 'b', position: 0 },
        { name: 'a', position: 1 },
      ])
      assert.deepEqual(await membersOf(admin, container), [member(two, 'b'), member(three, 'a')])
    })
  })

  describe('DELETE', () => {
    test('204 without a body, only the named pair goes, `updated` stays', async () => {
      const [one, two] = [await secretOf(admin), await secretOf(admin)]
      const container = await containerOf(admin, { secret_refs: [member(one), member(two, 'b')] })
      await admin.post(`${container.path}/secrets`, member(one, 'b'))
      const { updated } = (await admin.get(container.path)).json
      const answer = await deleteWith(admin, `${container.path}/secrets`, member(one, 'b'))
      assert.equal(answer.status, 204)
      assert.equal(answer.bytes.length, 0)
      assert.deepEqual(await membersOf(admin, container), [
        { name: null, secret_ref: one.ref },
        member(two, 'b'),
      ])
      assert.equal((await admin.get(container.path)).json['updated'], updated)
      assert.equal((await admin.get(one.path)).status, 200, 'the secret stays')
    })

    test('the name must be the one it has; absent means null', async () => {
      const secret = await secretOf(admin)
      const container = await containerOf(admin, { secret_refs: [member(secret, 'a')] })
      const remove = (body: unknown) => deleteWith(admin, `${container.path}/secrets`, body)
      for (const body of [member(secret), member(secret, ''), member(secret, 'A')]) {
        assert.equal((await remove(body)).status, 404)
      }
      assert.equal((await remove(member(secret, ' a '))).status, 204, 'trimmed, as when added')
      assert.equal((await remove(member(secret, 'a'))).status, 404)
      const nameless = await containerOf(admin, { secret_refs: [member(secret)] })
      assert.equal(
        (await deleteWith(admin, `${nameless.path}/secrets`, member(secret))).status,
        204,
      )
    })

    test('a pair comes back as often as it goes (Q38)', async () => {
      const secret = await secretOf(admin)
      const container = await containerOf(admin)
      const path = `${container.path}/secrets`
      for (let round = 0; round < 4; round += 1) {
        for (const name of [undefined, 'n']) {
          const body = member(secret, name)
          assert.equal((await admin.post(path, body)).status, 201)
          assert.equal((await admin.post(path, body)).status, 409)
          assert.equal((await deleteWith(admin, path, body)).status, 204)
        }
      }
      assert.deepEqual(await membersOf(admin, container), [])
      assert.deepEqual(door.alarms, [])
    })

    test('typed containers give up what their type wants', async () => {
      const [one, two] = [await secretOf(admin), await secretOf(admin)]
      const secret_refs = [member(one, 'public_key'), member(two, 'private_key')]
      const container = await containerOf(admin, { type: 'rsa', secret_refs })
      const gone = await deleteWith(admin, `${container.path}/secrets`, secret_refs[0])
      assert.equal(gone.status, 204)
      assert.deepEqual(await membersOf(admin, container), [member(two, 'private_key')])
    })

    test('a secret that is unknown, foreign, deleted or not in the container is 404', async () => {
      const secret = await secretOf(admin)
      const container = await containerOf(admin, { secret_refs: [member(secret)] })
      const path = `${container.path}/secrets`
      for (const secret_ref of await unreadable()) {
        assert.equal((await deleteWith(admin, path, { secret_ref })).status, 404, secret_ref)
      }
      assert.equal((await deleteWith(admin, path, member(await secretOf(admin)))).status, 404)
      await admin.delete(secret.path)
      assert.equal((await deleteWith(admin, path, member(secret))).status, 404)
    })

    test('a member whose secret expired can be taken out', async () => {
      door.clock.set('2026-07-01T00:00:00Z')
      const expiring = await secretOf(admin, { expiration: '2026-07-01T01:00:00' })
      const container = await containerOf(admin, { secret_refs: [member(expiring)] })
      door.clock.set('2026-07-02T00:00:00Z')
      const answer = await deleteWith(admin, `${container.path}/secrets`, member(expiring))
      assert.equal(answer.status, 204)
      assert.deepEqual(await membersOf(admin, container), [])
    })

    test('Content-Type is not asked; what is no JSON is 400, and so is no body (Q22)', async () => {
      const secret = await secretOf(admin)
      const container = await containerOf(admin)
      const path = `${container.path}/secrets`
      for (const type of [
        'application/json',
        'text/plain',
        'application/octet-stream',
        undefined,
      ]) {
        const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
        await admin.post(path, member(secret))
        assert.equal((await deleteWith(admin, path, 'not JSON', headers)).status, 400)
        assert.equal((await admin.ask('DELETE', path, { headers })).status, 400)
        assert.equal((await deleteWith(admin, path, member(secret), headers)).status, 204, type)
      }
      const text = { accept: 'text/plain' }
      assert.equal((await admin.delete(path, text)).status, 400, 'any Accept will do')
    })
  })

  describe('both', () => {
    const ask = (method: string, caller: Caller, path: string, body: unknown) =>
      caller.ask(method, path, { body, headers: { 'content-type': 'application/json' } })

    for (const method of ['POST', 'DELETE']) {
      test(`${method}: bodies that are not as they should be are 400`, async () => {
        const secret = await secretOf(admin)
        const container = await containerOf(admin, { secret_refs: [member(secret)] })
        for (const body of [
          {},
          [],
          null,
          'null',
          '"x"',
          '{',
          { name: 'x' },
          { secret_ref: null },
          { secret_ref: '' },
          { secret_ref: '   ' },
          { secret_ref: 1 },
          { secret_ref: [secret.ref] },
          { secret_ref: { ref: secret.ref } },
          { ...member(secret), name: null },
          { ...member(secret), name: 1 },
          { ...member(secret), name: 'n'.repeat(256) },
          { ...member(secret), name: 'a\0' },
          [member(secret)],
        ]) {
          const answer = await ask(method, admin, `${container.path}/secrets`, body)
          assert.equal(answer.status, 400, JSON.stringify(body))
        }
        assert.equal((await membersOf(admin, container)).length, 1)
      })

      test(`${method}: 404 for what is no container, then 403, then the body`, async () => {
        const observer = door.as({ project: 'members', user: 'o', roles: ['observer'] })
        const stranger = door.as({ project: 'stranger', user: 's', roles: ['admin'] })
        for (const id of [UNKNOWN, 'x', UNKNOWN.toUpperCase()]) {
          for (const caller of [admin, observer]) {
            const path = `/v1/containers/${id}/secrets`
            assert.equal((await ask(method, caller, path, '{')).status, 404)
          }
        }
        const { path } = await containerOf(admin)
        assert.equal((await ask(method, observer, `${path}/secrets`, '{')).status, 403)
        assert.equal((await ask(method, stranger, `${path}/secrets`, '{')).status, 403)
        assert.equal((await ask(method, door.nobody, `${path}/secrets`, '{')).status, 401)
      })
    }

    test('POST wants JSON: 415 without its Content-Type, 406 when Accept excludes the answer', async () => {
      const { path } = await containerOf(admin)
      const text = { 'content-type': 'text/plain' }
      assert.equal((await admin.post(`${path}/secrets`, '{}', text)).status, 415)
      assert.equal((await admin.ask('POST', `${path}/secrets`)).status, 415)
      const observer = door.as({ project: 'members', user: 'o', roles: ['observer'] })
      const plain = { accept: 'text/plain' }
      assert.equal((await observer.post(`${path}/secrets`, '{}', plain)).status, 406)
    })
  })
})
