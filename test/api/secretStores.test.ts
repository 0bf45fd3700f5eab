import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { DoorAnswer } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { secretWithPayload } from '../support/doorSecrets.ts'
import { storesOfSecret } from '../support/storesOfRecords.ts'

const UNKNOWN = '00000000-0000-4000-8000-000000000000'
const COLLECTION = '/v1/secret-stores'

const everybody = (door: Door, project: string) => ({
  admin: door.as({ project, user: 'adm', roles: ['admin'] }),
  creator: door.as({ project, user: 'cre', roles: ['creator'] }),
  nobodySpecial: door.as({ project, user: 'not', roles: ['guest'] }),
})

async function storesOf(caller: Caller) {
  const { status, json, text } = await caller.get(COLLECTION)
  assert.equal(status, 200, text)
  return json['secret_stores'] as readonly Readonly<Record<string, unknown>>[]
}

/** Paths of the first and the second store. */
async function pathsOf(caller: Caller): Promise<readonly [string, string]> {
  const [first = '', second = ''] = (await storesOf(caller)).map((store) =>
    String(store['secret_store_ref']).replace(BASE, ''),
  )
  return [first, second]
}

function assertEmpty(answer: DoorAnswer): void {
  assert.equal(answer.status, 204, answer.text)
  assert.equal(answer.headers['content-length'], undefined)
  assert.equal(answer.bytes.length, 0)
}

describe('without several secret stores', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  for (const path of [COLLECTION, `${COLLECTION}/global-default`, `${COLLECTION}/preferred`]) {
    test(`${path} is 403 for who may not ask, 404 for the others, 405 for what is no GET`, async () => {
      const { admin, creator, nobodySpecial } = everybody(door, 'p')
      assert.equal((await nobodySpecial.get(path)).status, 403)
      for (const caller of [admin, creator]) {
        const answer = await caller.get(path)
        assert.equal(answer.status, 404)
        assert.match(String(answer.json['description']), /not enabled/)
      }
      for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
        const answer = await admin.ask(method, path)
        assert.equal(answer.status, 405)
        assert.equal(answer.headers['allow'], 'GET')
      }
    })
  }

  test('whatever is below an id is 404, whoever asks and however', async () => {
    const { admin, nobodySpecial } = everybody(door, 'p')
    for (const caller of [admin, nobodySpecial]) {
      for (const method of ['GET', 'POST', 'PUT', 'DELETE']) {
        for (const id of [UNKNOWN, 'x', '%00']) {
          assert.equal((await caller.ask(method, `${COLLECTION}/${id}`)).status, 404)
          assert.equal((await caller.ask(method, `${COLLECTION}/${id}/preferred`)).status, 404)
        }
      }
    }
  })

  test('nobody without a token learns which it is', async () => {
    assert.equal((await door.nobody.get(COLLECTION)).status, 401)
  })
})

describe('several secret stores', () => {
  let door: Door
  before(async () => {
    door = await openDoor({ hasSeveralStores: true })
  })
  after(() => door.close())

  test('are listed in the order of the configuration, with these keys in this order', async () => {
    const { creator } = everybody(door, 'list')
    const answer = await creator.get(COLLECTION)
    assert.deepEqual(Object.keys(answer.json), ['secret_stores'])
    const [first, second, ...others] = await storesOf(creator)
    assert.deepEqual(others, [])
    const keys = [
      'created',
      'updated',
      'status',
      'crypto_plugin',
      'global_default',
      'name',
      'secret_store_plugin',
      'secret_store_ref',
    ]
    for (const store of [first, second]) {
      assert.deepEqual(Object.keys(store ?? {}), keys)
      const { created, updated, secret_store_ref: ref, ...rest } = store ?? {}
      assert.match(String(created), /^2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?$/)
      assert.equal(updated, created)
      assert.match(String(ref), new RegExp(`^${BASE}${COLLECTION}/[0-9a-f-]{36}$`))
      assert.deepEqual(rest, {
        status: 'ACTIVE',
        crypto_plugin: store === first ? 'simple_crypto' : null,
        global_default: store === first,
        name: store === first ? 'Software Only Crypto' : 'Second keyring',
        secret_store_plugin: 'store_crypto',
      })
    }
  })

  test('are read one by one, and the global default by its word', async () => {
    const { creator } = everybody(door, 'read')
    const stores = await storesOf(creator)
    const paths = await pathsOf(creator)
    for (const [index, path] of paths.entries()) {
      assert.deepEqual((await creator.get(path)).json, stores[index])
    }
    assert.deepEqual((await creator.get(`${COLLECTION}/global-default`)).json, stores[0])
  })

  test('a preference is 404 until it is set, then the store, and is replaced and removed (Q43)', async () => {
    const { admin, creator } = everybody(door, 'prefer')
    const [first, second] = await pathsOf(creator)
    const preferred = `${COLLECTION}/preferred`
    const unset = await creator.get(preferred)
    assert.equal(unset.status, 404)
    assert.match(String(unset.json['description']), /prefers no secret store/)
    assert.equal((await admin.delete(`${first}/preferred`)).status, 404)
    for (const path of [second, first, second]) {
      assertEmpty(await admin.ask('POST', `${path}/preferred`))
      assert.deepEqual((await creator.get(preferred)).json, (await creator.get(path)).json)
    }
    const { creator: stranger } = everybody(door, 'another project')
    assert.equal((await stranger.get(preferred)).status, 404)
    // Whichever store the path names (Q43).
    assertEmpty(await admin.delete(`${first}/preferred`))
    assert.equal((await creator.get(preferred)).status, 404)
    assert.equal((await admin.delete(`${first}/preferred`)).status, 404)
  })

  test('the body of a preference is not read, whatever it is', async () => {
    const { admin } = everybody(door, 'bodies')
    const [, second] = await pathsOf(admin)
    for (const body of ['', '{', 'x'.repeat(200_000), '{"secret_store": "other"}']) {
      for (const type of ['application/json', 'text/plain']) {
        const headers = { 'content-type': type }
        assertEmpty(await admin.ask('POST', `${second}/preferred`, { body, headers }))
      }
    }
  })

  test('what is unknown is 404 before anybody is asked for a role', async () => {
    const { nobodySpecial, admin } = everybody(door, 'unknown')
    for (const id of [
      UNKNOWN,
      'x',
      'global-defaults',
      '%00',
      '%F0%9F%94%91',
      UNKNOWN.toUpperCase(),
    ]) {
      for (const caller of [nobodySpecial, admin]) {
        assert.equal((await caller.get(`${COLLECTION}/${id}`)).status, 404)
        assert.equal((await caller.ask('PUT', `${COLLECTION}/${id}`)).status, 404)
        assert.equal((await caller.ask('POST', `${COLLECTION}/${id}/preferred`)).status, 404)
        assert.equal((await caller.delete(`${COLLECTION}/${id}/preferred`)).status, 404)
      }
    }
    const [first] = await pathsOf(admin)
    assert.equal((await admin.get(`${first}/nothing`)).status, 404)
  })

  test('wrong methods are 405 with what is possible, words included (Q44)', async () => {
    const { admin } = everybody(door, 'methods')
    const [first] = await pathsOf(admin)
    const allowed = {
      [COLLECTION]: 'GET',
      [`${COLLECTION}/global-default`]: 'GET',
      [`${COLLECTION}/preferred`]: 'GET',
      [first]: 'GET',
      [`${first}/preferred`]: 'DELETE, POST',
    }
    for (const [path, allow] of Object.entries(allowed)) {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']) {
        if (allow.includes(method)) continue
        const answer = await admin.ask(method, path)
        assert.equal(answer.status, 405, `${method} ${path}`)
        assert.equal(answer.headers['allow'], allow)
      }
    }
  })

  test('an Accept without JSON is 406, before roles and before any change', async () => {
    const { admin, nobodySpecial } = everybody(door, 'accept')
    const [first] = await pathsOf(admin)
    const headers = { accept: 'text/plain' }
    for (const path of [
      COLLECTION,
      `${COLLECTION}/global-default`,
      `${COLLECTION}/preferred`,
      first,
    ]) {
      assert.equal((await nobodySpecial.get(path, headers)).status, 406)
    }
    assert.equal((await admin.ask('POST', `${first}/preferred`, { headers })).status, 406)
    assert.equal((await admin.get(`${COLLECTION}/preferred`)).status, 404)
  })

  for (const enforceNewDefaults of [false, true]) {
    const mode = enforceNewDefaults ? 'new' : 'legacy'
    test(`readers read and admins choose, and nobody else (${mode} defaults)`, async (t) => {
      const other = await openDoor({ hasSeveralStores: true, enforceNewDefaults })
      t.after(() => other.close())
      const as = (...roles: readonly string[]) => other.as({ project: 'p', user: 'u', roles })
      const full = as('admin', 'member', 'reader')
      const [first] = await pathsOf(full)
      assertEmpty(await full.ask('POST', `${first}/preferred`))
      const readers = enforceNewDefaults
        ? ['reader']
        : ['admin', 'creator', 'observer', 'audit', 'key-manager:service-admin']
      const all = [
        ...readers,
        ...(enforceNewDefaults ? ['creator', 'admin'] : ['reader', 'member']),
      ]
      for (const role of all) {
        const expected = readers.includes(role) ? 200 : 403
        for (const path of [
          COLLECTION,
          `${COLLECTION}/global-default`,
          `${COLLECTION}/preferred`,
          first,
        ]) {
          assert.equal((await as(role).get(path)).status, expected, `${role} ${path}`)
        }
        const mayChoose = role === 'admin' ? 204 : 403
        assert.equal((await as(role).ask('POST', `${first}/preferred`)).status, mayChoose, role)
        if (role === 'admin') continue
        assert.equal((await as(role).delete(`${first}/preferred`)).status, 403, role)
      }
    })
  }
})

describe('where secrets lie', () => {
  let door: Door
  before(async () => {
    door = await openDoor({ hasSeveralStores: true })
  })
  after(() => door.close())

  const placesOf = (id: string) => storesOfSecret(door, id)

  test('a secret opens after the preference moved, and new ones lie in the new store at once', async () => {
    const { admin, creator } = everybody(door, 'moving')
    const [first, second] = await pathsOf(creator)
    const before = await secretWithPayload(creator, { payload: 'in the first' })
    assert.deepEqual(placesOf(before.id), ['memory', 'memory'])
    await admin.ask('POST', `${second}/preferred`)
    const later = await secretWithPayload(creator, { payload: 'in the second' })
    assert.deepEqual(placesOf(later.id), ['memory:second', 'memory:second'])
    assert.deepEqual(placesOf(before.id), ['memory', 'memory'])
    const back = async () => {
      assert.equal((await creator.get(`${before.path}/payload`)).text, 'in the first')
      assert.equal((await creator.get(`${later.path}/payload`)).text, 'in the second')
    }
    await back()
    await admin.ask('POST', `${first}/preferred`)
    const third = await secretWithPayload(creator)
    assert.deepEqual(placesOf(third.id), ['memory', 'memory'])
    await admin.ask('POST', `${second}/preferred`)
    await admin.delete(`${second}/preferred`)
    const fourth = await secretWithPayload(creator)
    assert.deepEqual(placesOf(fourth.id), ['memory', 'memory'])
    await back()
    const rows = door.execute(
      'select store, term, state from project_keys where project_id = ? order by store',
      'moving',
    )
    assert.deepEqual(rows, [
      { store: 'memory', term: 1, state: 'active' },
      { store: 'memory:second', term: 1, state: 'active' },
    ])
    for (const { path } of [before, later, third, fourth]) {
      assert.equal((await creator.delete(path)).status, 204)
    }
  })

  test('a secret that is given an ACL, and a container that is given a member, stay where they are', async () => {
    const { admin, creator } = everybody(door, 'changing')
    const [, second] = await pathsOf(creator)
    const { id, path, ref } = await secretWithPayload(creator)
    const made = await creator.post('/v1/containers', { type: 'generic' })
    const container = String(made.json['container_ref']).replace(BASE, '')
    await admin.ask('POST', `${second}/preferred`)
    const acl = { read: { users: ['somebody'], 'project-access': true } }
    assert.equal((await admin.put(`${path}/acl`, acl)).status, 200)
    const member = { name: 'it', secret_ref: ref }
    assert.equal((await creator.post(`${container}/secrets`, member)).status, 201)
    assert.deepEqual(placesOf(id), ['memory', 'memory'])
    assert.deepEqual(
      door.execute(
        'select project_keys.store from containers join project_keys on project_keys.id = substr(containers.row_mac, 1, 8) where containers.id = ?',
        container.slice(-36),
      ),
      [{ store: 'memory' }],
    )
    assert.equal((await creator.get(container)).status, 200)
    // The other store is not even asked: no key of the project is there.
    const stores = door.execute('select store from project_keys where project_id = ?', 'changing')
    assert.deepEqual(stores, [{ store: 'memory' }])
  })

  test('orders and second steps go where the project prefers when they come', async () => {
    const { admin, creator } = everybody(door, 'steps')
    const [, second] = await pathsOf(creator)
    const { id, path } = await secretWithPayload(creator)
    const empty = await creator.post('/v1/secrets', { name: 'two steps' })
    const emptyPath = String(empty.json['secret_ref']).replace(BASE, '')
    await admin.ask('POST', `${second}/preferred`)
    const headers = { 'content-type': 'text/plain' }
    const put = await creator.ask('PUT', emptyPath, { body: 'later', headers })
    assert.equal(put.status, 204)
    assert.deepEqual(placesOf(emptyPath.slice(-36)), ['memory:second', 'memory:second'])
    assert.equal((await creator.get(`${emptyPath}/payload`)).text, 'later')
    const order = await creator.post('/v1/orders', {
      type: 'key',
      meta: { algorithm: 'aes', bit_length: 256, mode: 'cbc' },
    })
    const placed = await creator.get(String(order.json['order_ref']).replace(BASE, ''))
    const made = String(placed.json['secret_ref']).slice(-36)
    assert.deepEqual(placesOf(made), ['memory:second', 'memory:second'])
    assert.deepEqual(placesOf(id), ['memory', 'memory'])
    assert.equal((await creator.get(`${path}/payload`)).status, 200)
  })

  test('writes ask once in a while for the preference, and reads never', async (t) => {
    const { creator } = everybody(door, 'counting')
    const { path } = await secretWithPayload(creator)
    const { secretStores } = door.database
    const look = t.mock.method(secretStores, 'preferredBy')
    for (let turn = 0; turn < 5; turn += 1) {
      await secretWithPayload(creator)
      await creator.get(path)
      await creator.get(`${path}/payload`)
    }
    assert.equal(look.mock.callCount(), 0)
    door.clock.advanceSeconds(11)
    await creator.get(`${path}/payload`)
    assert.equal(look.mock.callCount(), 0)
    await secretWithPayload(creator)
    await secretWithPayload(creator)
    assert.equal(look.mock.callCount(), 1)
  })

  test('a store that is away is 503 for its own, and nothing to the others', async () => {
    const here = everybody(door, 'stays')
    const there = everybody(door, 'away')
    const [, second] = await pathsOf(here.creator)
    await there.admin.ask('POST', `${second}/preferred`)
    const readable = await secretWithPayload(here.creator)
    door.secondKekStore.mood = 'down'
    try {
      const body = JSON.stringify({ payload: 'x', payload_content_type: 'text/plain' })
      const headers = { 'content-type': 'application/json' }
      const request = { body, headers, mayFail: true }
      const refused = await there.creator.ask('POST', '/v1/secrets', request)
      assert.equal(refused.status, 503)
      assert.equal(refused.headers['retry-after'], '1')
      await secretWithPayload(here.creator)
      assert.equal((await here.creator.get(`${readable.path}/payload`)).status, 200)
      assert.equal((await there.creator.get(COLLECTION)).status, 200)
    } finally {
      door.secondKekStore.mood = 'well'
    }
    await secretWithPayload(there.creator)
  })

  test('a secret is not moved to the other store by exchanging the key in its row', async () => {
    const { admin, creator } = everybody(door, 'tampering')
    const [, second] = await pathsOf(creator)
    const { id, path } = await secretWithPayload(creator)
    await admin.ask('POST', `${second}/preferred`)
    await secretWithPayload(creator)
    const [record] = door.execute('select row_mac from secrets where id = ?', id)
    const [key] = door.execute(
      'select id from project_keys where project_id = ? and store = ?',
      'tampering',
      'memory:second',
    )
    const mac = record?.['row_mac'] as Buffer
    const forged = Buffer.concat([key?.['id'] as Buffer, mac.subarray(8)])
    door.execute('update secrets set row_mac = ? where id = ?', forged, id)
    const seen = door.alarms.length
    assert.equal((await creator.ask('GET', path, { mayFail: true })).status, 500)
    assert.deepEqual(
      door.alarms.slice(seen).map(({ what }) => what),
      ['row MAC does not match'],
    )
  })
})
