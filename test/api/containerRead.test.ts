import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { containerOf, member, membersOf } from '../support/doorContainers.ts'
import { putAcl, secretOf, secretWithPayload } from '../support/doorSecrets.ts'

describe('containers and what becomes of their secrets', () => {
  let door: Door
  let admin: Caller
  before(async () => {
    door = await openDoor()
    admin = door.as({ project: 'life', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  test('a deleted secret disappears from every container at once, from typed ones too', async () => {
    const [one, two] = [await secretOf(admin), await secretOf(admin)]
    const members = [member(one, 'certificate'), member(two, 'private_key')]
    const containers = [
      await containerOf(admin, { secret_refs: members }),
      await containerOf(admin, { type: 'certificate', secret_refs: members }),
    ]
    await admin.delete(one.path)
    for (const container of containers) {
      const left = [{ name: 'private_key', secret_ref: two.ref }]
      assert.deepEqual(await membersOf(admin, container), left)
    }
    const { json } = await admin.get('/v1/containers')
    for (const shown of json['containers'] as readonly { secret_refs: unknown }[]) {
      assert.deepEqual(shown.secret_refs, [{ name: 'private_key', secret_ref: two.ref }])
    }
    await admin.delete(two.path)
    for (const container of containers) {
      assert.deepEqual(await membersOf(admin, container), [])
      assert.equal((await admin.delete(container.path)).status, 204)
    }
    assert.deepEqual(door.alarms, [])
  })

  test('magnum: secrets first, then the container with its consumer: all 204', async () => {
    const secrets = [await secretOf(admin), await secretOf(admin)]
    const container = await containerOf(admin, {
      type: 'certificate',
      secret_refs: [
        { name: 'certificate', secret_ref: secrets[0]?.ref },
        { name: 'private_key', secret_ref: secrets[1]?.ref },
      ],
    })
    const consumer = { name: 'Magnum', URL: 'https://magnum.example/clusters/1' }
    assert.equal((await admin.post(`${container.path}/consumers/`, consumer)).status, 200)
    for (const { path } of secrets) assert.equal((await admin.delete(path)).status, 204)
    assert.equal((await admin.delete(container.path)).status, 204)
    assert.equal((await admin.get(container.path)).status, 404)
  })

  test('an expired secret leaves its reference dangling (Q49)', async () => {
    door.clock.set('2026-05-01T00:00:00Z')
    const expiring = await secretOf(admin, { expiration: '2026-05-01T01:00:00' })
    const container = await containerOf(admin, { secret_refs: [member(expiring, 'x')] })
    door.clock.set('2026-05-02T00:00:00Z')
    assert.equal((await admin.get(expiring.path)).status, 404)
    const dangling = [{ name: 'x', secret_ref: expiring.ref }]
    assert.deepEqual(await membersOf(admin, container), dangling)
  })

  test('DELETE is 204 without a body, the secrets stay, the container is gone for every verb', async () => {
    const secret = await secretWithPayload(admin)
    const container = await containerOf(admin, { secret_refs: [member(secret)] })
    const answer = await admin.delete(container.path)
    assert.equal(answer.status, 204)
    assert.equal(answer.bytes.length, 0)
    assert.equal((await admin.get(`${secret.path}/payload`)).text, 'some payload')
    const json = { 'content-type': 'application/json' }
    const consumer = { name: 'n', URL: 'u' }
    for (const [method, tail, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['PUT', '', undefined],
      ['POST', '/secrets', member(secret)],
      ['DELETE', '/secrets', member(secret)],
      ['GET', '/secrets', undefined],
      ['GET', '/consumers', undefined],
      ['POST', '/consumers', consumer],
      ['DELETE', '/consumers', consumer],
      ['GET', `/consumers/${container.id}`, undefined],
    ] as const) {
      const path = `${container.path}${tail}`
      const request = body === undefined ? {} : { body, headers: json }
      assert.equal((await admin.ask(method, path, request)).status, 404, `${method} ${tail}`)
    }
  })

  test('DELETE takes any Accept; GET, POST and the consumers exclude none but JSON', async () => {
    const text = { accept: 'text/plain' }
    const { path } = await containerOf(admin)
    assert.equal((await admin.get(path, text)).status, 406)
    assert.equal((await admin.get('/v1/containers', text)).status, 406)
    assert.equal((await admin.get(`${path}/consumers`, text)).status, 406)
    const unknown = '/v1/containers/2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
    assert.equal((await admin.get(unknown, text)).status, 404, '404 comes first')
    for (const accept of ['*/*', 'application/*', 'application/json;q=0.1, text/plain', '']) {
      assert.equal((await admin.get(path, { accept })).status, 200, accept)
    }
    assert.equal((await admin.delete(path, text)).status, 204)
  })

  test('foreign containers: 403 where they are known, 404 where they are not (Q04); an ACL lets read, not delete', async () => {
    const container = await containerOf(admin)
    const stranger = door.as({ project: 'elsewhere', user: 'friend', roles: ['admin', 'creator'] })
    assert.equal((await stranger.get(container.path)).status, 403)
    assert.equal((await stranger.delete(container.path)).status, 403)
    await putAcl(admin, container, { users: ['friend'], projectAccess: true })
    assert.equal((await stranger.get(container.path)).status, 200)
    assert.equal((await stranger.delete(container.path)).status, 403)
    assert.equal((await stranger.get('/v1/containers')).json['total'], 0)
    assert.equal((await admin.get(container.path)).status, 200)
  })

  test('a private container is closed to the project, open to its creator, and still listed (Q03)', async () => {
    const owner = door.as({ project: 'private', user: 'owner', roles: ['creator'] })
    const colleague = door.as({ project: 'private', user: 'colleague', roles: ['creator'] })
    const container = await containerOf(owner)
    assert.equal((await colleague.get(container.path)).status, 200)
    assert.equal((await colleague.delete(container.path)).status, 403, 'not its creator')
    await putAcl(owner, container, { users: [], projectAccess: false })
    assert.equal((await colleague.get(container.path)).status, 403)
    assert.equal((await owner.get(container.path)).status, 200)
    assert.equal((await colleague.get('/v1/containers')).json['total'], 1)
  })

  test('reading a container opens none of its secrets', async () => {
    const secret = await secretWithPayload(admin)
    const container = await containerOf(admin, { secret_refs: [member(secret)] })
    await putAcl(admin, container, { users: ['friend'], projectAccess: true })
    const friend = door.as({ project: 'elsewhere', user: 'friend', roles: [] })
    assert.equal((await friend.get(container.path)).status, 200)
    assert.equal((await friend.get(secret.path)).status, 403)
    assert.equal((await friend.get(`${secret.path}/payload`)).status, 403)
  })

  test('the body of a DELETE of a container is ignored', async () => {
    const { path } = await containerOf(admin)
    const request = { body: 'anything {', headers: { 'content-type': 'text/plain' } }
    assert.equal((await admin.ask('DELETE', path, request)).status, 204)
  })
})

describe('GET /v1/containers', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  interface Listed {
    readonly containers: readonly { readonly name: string; readonly container_ref: string }[]
    readonly total: number
    readonly next?: string
    readonly previous?: string
  }
  const listed = async (caller: Caller, query = '') => {
    const answer = await caller.get(`/v1/containers${query}`)
    assert.equal(answer.status, 200)
    return answer.json as unknown as Listed
  }
  const namesOf = ({ containers }: Listed) => containers.map(({ name }) => name).join(' ')

  test('an empty project has items and a total, nothing else', async () => {
    const nobody = door.as({ project: 'empty', user: 'u', roles: ['admin'] })
    assert.deepEqual(await listed(nobody), { containers: [], total: 0 })
    const beyond = await listed(nobody, '?offset=5&limit=2')
    assert.deepEqual(beyond, { containers: [], total: 0 })
  })

  test('by creation, one project only, each item as GET shows it', async () => {
    const owner = door.as({ project: 'items', user: 'u', roles: ['admin'] })
    const secret = await secretOf(owner)
    const made = [
      await containerOf(owner, { name: 'z' }),
      await containerOf(owner, { name: 'a', secret_refs: [member(secret, 'm')] }),
    ]
    const consumers = [
      { name: 'b', URL: 'https://2' },
      { name: 'a', URL: 'https://1' },
    ]
    for (const consumer of consumers) await owner.post(`${made[1]?.path}/consumers`, consumer)
    await containerOf(door.as({ project: 'other', user: 'u', roles: ['admin'] }))
    const list = await listed(owner)
    assert.equal(list.total, 2)
    const shown = await Promise.all(made.map(async ({ path }) => (await owner.get(path)).json))
    assert.deepEqual(list.containers, shown)
    assert.deepEqual(shown[1]?.['consumers'], consumers.toReversed())
  })

  test('a marker, href or id, is where a page begins; an unknown one ends the list; no id is 400', async () => {
    const owner = door.as({ project: 'markers', user: 'u', roles: ['admin'] })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await containerOf(owner, { name })
    const seen: string[] = []
    for (let marker = ''; ; ) {
      const page = await listed(owner, `?limit=2${marker}`)
      if (page.containers.length === 0) break
      seen.push(namesOf(page))
      marker = `&marker=${encodeURIComponent(page.containers.at(-1)?.container_ref ?? '')}`
    }
    assert.deepEqual(seen, ['a b', 'c d', 'e'])
    const id = (await listed(owner, '?limit=3')).containers.at(-1)?.container_ref.slice(-36)
    assert.equal(namesOf(await listed(owner, `?marker=${id}`)), 'd e')
    assert.equal(namesOf(await listed(owner, `?marker=${id}&name=e`)), 'e')
    const unknown = '2f3c7a9e-5a0d-4b8e-9d0a-0c1d2e3f4a5b'
    assert.deepEqual(await listed(owner, `?marker=${unknown}`), { containers: [], total: 5 })
    assert.equal((await listed(owner, '?marker=')).containers.length, 5)
    assert.equal((await owner.get('/v1/containers?marker=nonsense')).status, 400)
    const powerless = door.as({ project: 'markers', user: 'v', roles: ['none'] })
    assert.equal((await powerless.get('/v1/containers?marker=nonsense')).status, 403)
  })

  test('pages: limit, offset, links that keep the filters (Q29), and their ends', async () => {
    const owner = door.as({ project: 'pages', user: 'u', roles: ['admin'] })
    for (let i = 0; i < 25; i += 1) {
      const type = i % 2 === 0 ? 'generic' : 'rsa'
      await containerOf(owner, { name: `c${String(i).padStart(2, '0')}`, type })
    }
    assert.equal((await listed(owner)).containers.length, 10)
    const page = await listed(owner, '?limit=2&offset=3')
    assert.equal(namesOf(page), 'c03 c04')
    assert.deepEqual(Object.keys(page), ['containers', 'previous', 'next', 'total'])
    assert.equal(page.next, `${BASE}/v1/containers?limit=2&offset=5`)
    assert.equal(page.previous, `${BASE}/v1/containers?limit=2&offset=1`)
    assert.equal(page.total, 25)
    const last = await listed(owner, '?limit=5&offset=20')
    assert.deepEqual(Object.keys(last), ['containers', 'previous', 'total'])
    const filtered = await listed(owner, '?limit=3&offset=3&type=rsa&name=c%25&x=%26')
    assert.equal(filtered.total, 12)
    const query = 'type=rsa&name=c%25&x=%26'
    assert.equal(filtered.next, `${BASE}/v1/containers?limit=3&offset=6&${query}`)
    assert.equal(filtered.previous, `${BASE}/v1/containers?limit=3&offset=0&${query}`)

    const seen: string[] = []
    let next: string | undefined = '?limit=4&type=generic'
    while (next !== undefined) {
      const at: Listed = await listed(owner, next)
      seen.push(...at.containers.map(({ name }) => name))
      next = at.next?.slice(`${BASE}/v1/containers`.length)
    }
    assert.equal(seen.length, 13)
    assert.equal(new Set(seen).size, 13)
    for (const limits of ['limit=0', 'limit=-5', 'limit=1']) {
      assert.equal((await listed(owner, `?${limits}`)).containers.length, 1)
    }
    for (const limits of ['limit=', 'limit=x', 'offset=', 'offset=-1', 'offset=x', 'sort=name']) {
      assert.equal(namesOf(await listed(owner, `?${limits}`)).slice(0, 3), 'c00', limits)
    }
    assert.equal((await listed(owner, '?limit=1000')).containers.length, 25)
  })

  test('filters: name is a LIKE pattern in any case, unquoted once; type is to the letter', async () => {
    const owner = door.as({ project: 'filters', user: 'u', roles: ['admin'] })
    for (const name of ['Front', 'front_b', 'a+b', 'a%20b', '100%', null]) {
      await containerOf(owner, { name, type: name === 'Front' ? 'certificate' : 'generic' })
    }
    for (const [query, names] of [
      ['name=FRONT', 'Front'],
      ['name=front%25', 'Front front_b'],
      ['name=fron_', 'Front'],
      ['name=a%2Bb', 'a+b'],
      ['name=a%252520b', ''],
      ['name=a%2520b', 'a%20b'],
      ['name=nothing', ''],
      ['name=', 'Front front_b a+b a%20b 100% '],
      ['type=certificate', 'Front'],
      ['type=CERTIFICATE', ''],
      ['type=dsa', ''],
      ['type=no+such', ''],
      ['type=', 'Front front_b a+b a%20b 100% '],
      ['type=certificate&name=front_b', ''],
      ['name=x&name=Front', 'Front'],
    ] as const) {
      assert.equal(namesOf(await listed(owner, `?${query}`)), names, query)
    }
  })

  test('who may list: 403 for whom the policy refuses, before anything is read', async () => {
    const auditor = door.as({ project: 'items', user: 'a', roles: ['audit'] })
    assert.equal((await auditor.get('/v1/containers')).status, 403)
    assert.equal((await door.nobody.get('/v1/containers')).status, 401)
  })
})
