import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, deleteWith, type MadeContainer, member } from '../support/doorContainers.ts'
import { putAcl, secretOf } from '../support/doorSecrets.ts'

const UNKNOWN = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
const OCTAVIA = { name: 'Octavia', URL: 'https://lb.example/v2/lbaas/listeners/1' }

describe('/v1/containers/{id}/consumers', () => {
  let door: Door
  let admin: Caller
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'consumers', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  const consumersOf = async (path: string, query = '') =>
    (await admin.get(`${path}/consumers${query}`)).json as unknown as {
      readonly consumers: readonly Readonly<Record<string, unknown>>[]
      readonly total: number
      readonly next?: string
      readonly previous?: string
    }
  const register = (container: MadeContainer, body: unknown, caller = admin) =>
    caller.post(`${container.path}/consumers`, body)
  const unregister = (container: MadeContainer, body: unknown, caller = admin) =>
    deleteWith(caller, `${container.path}/consumers`, body)

  test('Octavia: POST with a slash is 200 with the container and its consumer, Location is the collection (Q18)', async () => {
    const secret = await secretOf(admin)
    const secret_refs = [member(secret, 'certificate')]
    const container = await containerOf(admin, { type: 'certificate', secret_refs })
    const answer = await admin.post(`${container.path}/consumers/`, OCTAVIA)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, (await admin.get(container.path)).json)
    assert.deepEqual(answer.json['consumers'], [OCTAVIA])
    assert.deepEqual(answer.json['secret_refs'], secret_refs)
    assert.equal(answer.headers['location'], `${container.ref}/consumers`)
    const collection = String(answer.headers['location']).slice(BASE.length)
    assert.equal((await admin.get(collection)).json['total'], 1)
  })

  test('registered again it is one, as it was, and `updated` moves the first time only', async () => {
    door.clock.set('2026-03-01T00:00:00Z')
    const container = await containerOf(admin)
    door.clock.set('2026-03-02T00:00:00Z')
    const first = await register(container, OCTAVIA)
    assert.equal(first.json['updated'], '2026-03-02T00:00:00')
    assert.equal(first.json['created'], '2026-03-01T00:00:00')
    door.clock.set('2026-03-03T00:00:00Z')
    const again = await register(container, { ...OCTAVIA, extra: 1 })
    assert.equal(again.status, 200)
    assert.deepEqual(again.json, first.json)
    assert.deepEqual(again.json, (await admin.get(container.path)).json)
    assert.deepEqual(await consumersOf(container.path), {
      consumers: [
        {
          created: '2026-03-02T00:00:00',
          updated: '2026-03-02T00:00:00',
          status: 'ACTIVE',
          ...OCTAVIA,
        },
      ],
      total: 1,
    })
  })

  test('DELETE is 200 with the container, `updated` stays; absent ones are 404; it may come back', async () => {
    const container = await containerOf(admin)
    await register(container, { name: 'Magnum', URL: 'u' })
    const { json: before } = await register(container, OCTAVIA)
    const answer = await unregister(container, OCTAVIA)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { ...before, consumers: [{ name: 'Magnum', URL: 'u' }] })
    assert.deepEqual(answer.json, (await admin.get(container.path)).json)
    const again = await unregister(container, OCTAVIA)
    assert.equal(again.status, 404)
    assert.equal(again.json['description'], 'Consumer not found.')
    for (const body of [
      { name: 'Magnum', URL: 'U' },
      { name: 'magnum', URL: 'u' },
      { name: 'Magnu', URL: 'mu' },
    ]) {
      assert.equal((await unregister(container, body)).status, 404)
    }
    assert.equal((await register(container, OCTAVIA)).status, 200)
    assert.equal((await consumersOf(container.path)).total, 2)
  })

  test('names and URLs are told apart where they meet (Q32)', async () => {
    const container = await containerOf(admin)
    for (const [name, URL] of [
      ['ab', 'c'],
      ['a', 'bc'],
      ['abc', 'x'],
      ['Ab', 'c'],
    ]) {
      assert.equal((await register(container, { name, URL })).status, 200)
    }
    assert.equal((await consumersOf(container.path)).total, 4)
  })

  test('strings are trimmed, lengths are counted in characters', async () => {
    const container = await containerOf(admin)
    const longest = { name: '\u{1f511}'.repeat(36), URL: '\u{1f511}'.repeat(255) }
    assert.deepEqual((await register(container, longest)).json['consumers'], [longest])
    await register(container, { name: ' Octavia\n', URL: `\t${OCTAVIA.URL} ` })
    const { json } = await unregister(container, OCTAVIA)
    assert.deepEqual(json['consumers'], [longest])
  })

  for (const method of ['POST', 'DELETE']) {
    test(`${method}: bodies that are not as they should be are 400`, async () => {
      const container = await containerOf(admin)
      await register(container, OCTAVIA)
      const headers = { 'content-type': 'application/json' }
      for (const body of [
        {},
        [],
        [OCTAVIA],
        'null',
        '"x"',
        '{',
        '',
        { name: 'x' },
        { URL: 'x' },
        { name: 'x', url: 'x' },
        { name: '', URL: 'x' },
        { name: ' ', URL: 'x' },
        { name: 'x', URL: '' },
        { name: 'x', URL: '\n' },
        { name: null, URL: 'x' },
        { name: 'x', URL: null },
        { name: 1, URL: 'x' },
        { name: 'x', URL: 1 },
        { name: {}, URL: [] },
        { name: 'n'.repeat(37), URL: 'x' },
        { name: 'x', URL: 'u'.repeat(256) },
        { name: 'a\0b', URL: 'x' },
        { name: 'x', URL: '\0' },
      ]) {
        const answer = await admin.ask(method, `${container.path}/consumers`, { body, headers })
        assert.equal(answer.status, 400, JSON.stringify(body))
      }
      assert.deepEqual((await admin.get(container.path)).json['consumers'], [OCTAVIA])
    })

    test(`${method}: 404, 406, 403, 415, 400, in this order`, async () => {
      const container = await containerOf(admin)
      const path = `${container.path}/consumers`
      const nobody = door.as({ project: 'consumers', user: 'n', roles: ['member'] })
      const text = { 'content-type': 'text/plain' }
      const ask = (caller: Caller, at: string, headers: Record<string, string>) =>
        caller.ask(method, at, { body: '{', headers })
      const plain = { ...text, accept: 'text/plain' }
      assert.equal((await ask(door.nobody, path, plain)).status, 401)
      assert.equal((await ask(nobody, `/v1/containers/${UNKNOWN}/consumers`, plain)).status, 404)
      assert.equal((await ask(nobody, '/v1/containers/x/consumers', plain)).status, 404)
      assert.equal((await ask(nobody, path, plain)).status, 406)
      assert.equal((await ask(nobody, path, text)).status, 403)
      assert.equal((await ask(admin, path, text)).status, 415)
      assert.equal((await admin.ask(method, path)).status, 415, 'no body, no type')
      const json = { 'content-type': 'application/json' }
      assert.equal((await ask(admin, path, json)).status, 400)
    })
  }

  describe('GET', () => {
    test('by name, then URL; items have five keys in their order, and no id', async () => {
      const container = await containerOf(admin)
      const given = [
        { name: 'b', URL: '1' },
        { name: 'a', URL: '2' },
        { name: 'c', URL: '0' },
        { name: 'a', URL: '1' },
      ]
      for (const body of given) await register(container, body)
      const { consumers, total } = await consumersOf(container.path)
      assert.equal(total, 4)
      assert.deepEqual(
        consumers.map(({ name, URL }) => `${name}${URL}`),
        ['a1', 'a2', 'b1', 'c0'],
      )
      for (const item of consumers) {
        assert.deepEqual(Object.keys(item), ['created', 'updated', 'status', 'name', 'URL'])
        assert.equal(item['status'], 'ACTIVE')
      }
      const shown = (await admin.get(container.path)).json['consumers']
      assert.deepEqual(
        shown,
        consumers.map(({ name, URL }) => ({ name, URL })),
      )
    })

    test('pages of ten, links to its own collection that keep what else was asked (Q29)', async () => {
      const container = await containerOf(admin)
      for (let i = 0; i < 13; i += 1) {
        await register(container, { name: `n${String(i).padStart(2, '0')}`, URL: 'u' })
      }
      const href = `${container.ref}/consumers`
      const first = await consumersOf(container.path)
      assert.equal(first.consumers.length, 10)
      assert.equal(first.total, 13)
      assert.equal(first.next, `${href}?limit=10&offset=10`)
      assert.equal('previous' in first, false)
      const page = await consumersOf(container.path, '?limit=5&offset=5&x=%26')
      assert.deepEqual(Object.keys(page), ['consumers', 'previous', 'next', 'total'])
      assert.equal(page.consumers[0]?.['name'], 'n05')
      assert.equal(page.previous, `${href}?limit=5&offset=0&x=%26`)
      assert.equal(page.next, `${href}?limit=5&offset=10&x=%26`)
      assert.deepEqual(await consumersOf(container.path, '?offset=13'), {
        consumers: [],
        total: 13,
      })
      const none = await containerOf(admin)
      assert.deepEqual(await consumersOf(none.path), { consumers: [], total: 0 })
      assert.equal(((await admin.get(container.path)).json['consumers'] as object[]).length, 13)
    })

    test('one by its id, below its own container alone', async () => {
      const [container, other] = [await containerOf(admin), await containerOf(admin)]
      await register(container, OCTAVIA)
      const [row] = door.execute(
        'select id from container_consumers where container_id = ?',
        container.id,
      )
      const id = String(row?.['id'])
      const answer = await admin.get(`${container.path}/consumers/${id}`)
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json, (await consumersOf(container.path)).consumers[0])
      for (const path of [
        `${other.path}/consumers/${id}`,
        `${container.path}/consumers/${UNKNOWN}`,
        `${container.path}/consumers/${id.toUpperCase()}`,
        `${container.path}/consumers/x`,
        `/v1/containers/${UNKNOWN}/consumers/${id}`,
      ]) {
        assert.equal((await admin.get(path)).status, 404, path)
      }
      const nobody = door.as({ project: 'consumers', user: 'n', roles: ['member'] })
      assert.equal((await nobody.get(`${container.path}/consumers/${id}`)).status, 403)
      assert.equal((await nobody.get(`${container.path}/consumers/${UNKNOWN}`)).status, 403)
      assert.equal((await nobody.get(`${container.path}/consumers/x`)).status, 404, 'no id at all')
      const text = { accept: 'text/plain' }
      assert.equal((await admin.get(`${container.path}/consumers/x`, text)).status, 404)
      assert.equal((await admin.get(`${container.path}/consumers/${id}`, text)).status, 406)
      assert.equal((await admin.ask('PUT', `${container.path}/consumers/x`)).status, 404)
    })
  })

  describe('from other projects', () => {
    const friend = () => door.as({ project: 'lbaas', user: 'friend', roles: ['observer'] })
    const shared = async () => {
      const container = await containerOf(admin)
      await putAcl(admin, container, { users: ['friend'], projectAccess: true })
      return container
    }

    test('whom the ACL names registers, lists and removes; the row remembers the project', async () => {
      const container = await shared()
      assert.equal((await register(container, OCTAVIA, friend())).status, 200)
      const [row] = door.execute(
        'select project_id from container_consumers where container_id = ?',
        container.id,
      )
      assert.equal(row?.['project_id'], 'lbaas')
      assert.equal((await friend().get(`${container.path}/consumers`)).json['total'], 1)
      assert.equal((await unregister(container, OCTAVIA, friend())).status, 200)
      const stranger = door.as({ project: 'lbaas', user: 'stranger', roles: ['admin'] })
      assert.equal((await register(container, OCTAVIA, stranger)).status, 403)
      assert.equal((await stranger.get(`${container.path}/consumers`)).status, 403)
      assert.equal((await unregister(container, OCTAVIA, stranger)).status, 403)
    })

    test("what another project registered stays: 403; the container's own project removes anything", async () => {
      const container = await shared()
      await register(container, OCTAVIA)
      const answer = await unregister(container, OCTAVIA, friend())
      assert.equal(answer.status, 403)
      assert.equal(answer.json['title'], 'Forbidden')
      assert.equal((await consumersOf(container.path)).total, 1)
      const absent = { ...OCTAVIA, URL: 'other' }
      assert.equal((await unregister(container, absent, friend())).status, 404)

      assert.equal((await register(container, OCTAVIA, friend())).status, 200, 'it is there')
      assert.equal((await unregister(container, OCTAVIA, friend())).status, 403, 'still not theirs')
      await register(container, absent, friend())
      assert.equal((await unregister(container, absent)).status, 200)
    })
  })

  test('a container is deleted with all its consumers, whatever their number (Q36)', async () => {
    const [container, kept] = [await containerOf(admin), await containerOf(admin)]
    await register(kept, OCTAVIA)
    for (let i = 0; i < 25; i += 1) await register(container, { name: 'n', URL: `u${i}` })
    assert.equal((await admin.delete(container.path)).status, 204)
    const left = door.execute(
      'select id from container_consumers where container_id in (?, ?)',
      container.id,
      kept.id,
    )
    assert.equal(left.length, 1)
    assert.equal((await consumersOf(kept.path)).total, 1)
  })
})

/** Legacy rules let readers of every kind add and remove consumers (Q56); the new ones want a member. */
for (const [mode, enforceNewDefaults, allowed, refused] of [
  [
    'legacy',
    false,
    ['admin', 'creator', 'observer', 'audit', 'key-manager:service-admin'],
    ['member', 'reader', 'unknown'],
  ],
  ['new', true, ['admin', 'member'], ['reader', 'creator', 'observer', 'audit']],
] as const) {
  test(`who may register consumers, ${mode} defaults`, async (t) => {
    const door = await openDoor({ enforceNewDefaults })
    t.after(() => door.close())
    const owner = door.as({ project: 'p', user: 'owner', roles: ['creator', 'member'] })
    const container = await containerOf(owner)
    for (const role of [...allowed, ...refused]) {
      // Admin of new defaults is a member of its project as well.
      const roles = enforceNewDefaults && role === 'admin' ? ['admin', 'member'] : [role]
      const caller = door.as({ project: 'p', user: 'caller', roles })
      const status = (allowed as readonly string[]).includes(role) ? 200 : 403
      const path = `${container.path}/consumers`
      assert.equal((await caller.get(path)).status, status, `list ${role}`)
      assert.equal((await caller.post(path, OCTAVIA)).status, status, `post ${role}`)
      if (status === 403) await owner.post(path, OCTAVIA)
      assert.equal((await deleteWith(caller, path, OCTAVIA)).status, status, `delete ${role}`)
    }
  })
}
