import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { StoreBinding } from '../../src/model/secretStore.ts'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { runJob } from '../support/doorJobs.ts'
import { ended, orderPair, pathOf, placeOrder } from '../support/doorOrders.ts'
import { putAcl, secretOf, secretWithPayload } from '../support/doorSecrets.ts'
import { storesOfSecret } from '../support/storesOfRecords.ts'

const COLLECTION = '/v1/secret-stores'
const ANYBODYS = ['memory', 'memory']
const OWN = ['memory:second', 'memory:second']
const RSA = { algorithm: 'rsa', bit_length: 2048 }
const AES = { algorithm: 'aes', bit_length: 256, mode: 'cbc' }
/** Longer than any cache keeps a project key, or what it knows of terms. */
const KEYS_ARE_FORGOTTEN = 10_000

const TO_PROJECTS: StoreBinding = { projects: ['tenant', 'tenant2'], domains: [] }
const TO_A_DOMAIN: StoreBinding = { projects: [], domains: ['acme'] }

const openBound = (secondStoreBoundTo: StoreBinding, beside?: Door) =>
  openDoor({
    hasSeveralStores: true,
    secondStoreBoundTo,
    ...(beside === undefined ? {} : { beside }),
  })
const ownerOf = (door: Door, project: string, domain?: string): Caller =>
  door.as({
    project,
    user: 'owner',
    roles: ['admin', 'creator'],
    ...(domain === undefined ? {} : { domain }),
  })

interface Shown {
  readonly name: string
  readonly path: string
  readonly isDefault: boolean
}

async function storesOf(caller: Caller): Promise<readonly Shown[]> {
  const { status, json, text } = await caller.get(COLLECTION)
  assert.equal(status, 200, text)
  const stores = json['secret_stores'] as readonly Readonly<Record<string, unknown>>[]
  return stores.map((store) => ({
    name: String(store['name']),
    path: String(store['secret_store_ref']).replace(BASE, ''),
    isDefault: store['global_default'] === true,
  }))
}

async function onlyStoreOf(caller: Caller): Promise<Shown> {
  const [store, ...more] = await storesOf(caller)
  assert.ok(store !== undefined)
  assert.deepEqual(more, [])
  return store
}

const keysOf = (door: Door, project: string) =>
  door
    .execute('select store, state from project_keys where project_id = ? order by store', project)
    .map((row) => `${row['store']} ${row['state']}`)

const idOf = (ref: unknown) => pathOf(ref).split('/').at(-1) ?? ''
const payloadOf = async (caller: Caller, path: string) => (await caller.get(`${path}/payload`)).text
const store = (caller: Caller) =>
  caller.ask('POST', '/v1/secrets', {
    body: { payload: 'x', payload_content_type: 'text/plain' },
    headers: { 'content-type': 'application/json' },
    mayFail: true,
  })

describe('a secret store that is bound to projects', () => {
  let door: Door
  before(async () => {
    door = await openBound(TO_PROJECTS)
  })
  after(() => door.close())

  test('is all that its own projects see, and their global default; nobody else sees it', async () => {
    const own = await onlyStoreOf(ownerOf(door, 'tenant'))
    const others = await onlyStoreOf(ownerOf(door, 'other'))
    assert.deepEqual([own.name, own.isDefault], ['Second keyring', true])
    assert.deepEqual([others.name, others.isDefault], ['Software Only Crypto', true])
    for (const [project, seen, hidden] of [
      ['tenant', own, others],
      ['other', others, own],
    ] as const) {
      const caller = ownerOf(door, project)
      const byWord = await caller.get(`${COLLECTION}/global-default`)
      assert.equal(byWord.json['name'], seen.name)
      assert.equal((await caller.get(seen.path)).json['name'], seen.name)
      for (const [method, path] of [
        ['GET', hidden.path],
        ['PUT', hidden.path],
        ['POST', `${hidden.path}/preferred`],
        ['DELETE', `${hidden.path}/preferred`],
      ] as const) {
        assert.equal((await caller.ask(method, path)).status, 404, `${project}: ${method}`)
      }
    }
    const stranger = door.as({ project: 'other', user: 'x', roles: ['guest'] })
    const unknown = `${COLLECTION}/00000000-0000-4000-8000-000000000000`
    const [foreign, none] = [await stranger.get(own.path), await stranger.get(unknown)]
    assert.deepEqual([foreign.status, foreign.json], [none.status, none.json])
  })

  test('has all that is new of them, whatever they prefer, and is told why another cannot be preferred', async () => {
    const caller = ownerOf(door, 'tenant')
    const others = await onlyStoreOf(ownerOf(door, 'other'))
    const refused = await caller.ask('POST', `${others.path}/preferred`)
    assert.equal(refused.status, 404)
    assert.match(String(refused.json['description']), /bound this project to the store Second/)
    const { path } = await onlyStoreOf(caller)
    assert.equal((await caller.ask('POST', `${path}/preferred`)).status, 204)
    assert.equal((await caller.get(`${COLLECTION}/preferred`)).status, 200)
    assert.equal((await caller.delete(`${path}/preferred`)).status, 204)
    assert.equal((await caller.get(`${COLLECTION}/preferred`)).status, 404)

    const secret = await secretWithPayload(caller)
    const order = await ended(caller, await placeOrder(caller, 'key', AES))
    const pair = await orderPair(caller, RSA)
    const container = await caller.get(pathOf(pair['container_ref']))
    const members = container.json['secret_refs'] as readonly { readonly secret_ref: string }[]
    for (const ref of [secret.ref, order['secret_ref'], ...members.map((it) => it.secret_ref)]) {
      assert.deepEqual(storesOfSecret(door, idOf(ref)), OWN)
    }
    assert.deepEqual(keysOf(door, 'tenant'), ['memory:second active'])
    const elsewhere = await secretWithPayload(ownerOf(door, 'other'))
    assert.deepEqual(storesOfSecret(door, elsewhere.id), ANYBODYS)
  })

  test('that is away is 503 for its own projects, and nothing to all others', async () => {
    const [tenant, other] = [ownerOf(door, 'tenant2'), ownerOf(door, 'other2')]
    const theirs = await secretWithPayload(tenant, { payload: 'theirs' })
    const ours = await secretWithPayload(other, { payload: 'ours' })
    door.forgetKeys(asProject('tenant2'))
    door.forgetKeys(asProject('other2'))
    door.secondKekStore.mood = 'down'
    try {
      const request = { mayFail: true }
      assert.equal((await tenant.ask('GET', `${theirs.path}/payload`, request)).status, 503)
      const written = await store(tenant)
      assert.equal(written.status, 503)
      assert.ok(Number(written.headers['retry-after']) >= 1)
      assert.equal(await payloadOf(other, ours.path), 'ours')
      await secretWithPayload(other)
    } finally {
      door.secondKekStore.mood = 'well'
    }
    door.clock.advanceSeconds(600)
    assert.equal(await payloadOf(tenant, theirs.path), 'theirs')
  })
})

describe('a project whose store was bound when it had keys elsewhere', () => {
  let past: Door
  before(async () => {
    past = await openDoor({ hasSeveralStores: true })
  })
  after(() => past.close())

  test('reads and changes what it has where it is, and writes what is new to its own store', async (t) => {
    const early = ownerOf(past, 'early')
    const old = await secretWithPayload(early, { payload: 'from before' })
    const empty = await secretOf(early, { name: 'two steps' })
    const now = await openBound({ projects: ['early'], domains: [] }, past)
    t.after(() => now.close())
    const caller = ownerOf(now, 'early')
    assert.equal(await payloadOf(caller, old.path), 'from before')
    await putAcl(caller, old, { users: ['reader'], projectAccess: true })
    assert.deepEqual(storesOfSecret(now, old.id), ANYBODYS)
    const fresh = await secretWithPayload(caller)
    assert.deepEqual(storesOfSecret(now, fresh.id), OWN)
    const put = await caller.ask('PUT', empty.path, {
      body: 'later',
      headers: { 'content-type': 'text/plain' },
    })
    assert.equal(put.status, 204)
    assert.deepEqual(storesOfSecret(now, empty.id), OWN)
    // A year later no next term follows where it was: neither by age nor by an operator's wish.
    now.clock.advanceSeconds(400 * 86_400)
    await putAcl(caller, old, { users: ['another'], projectAccess: true })
    const scope = { projectId: asProject('early'), before: now.clock.now() }
    const rotated = await runJob(now, 'project-keys', scope)
    assert.deepEqual([rotated.state, rotated.failed], ['failed', 1])
    const [failure] = await now.database.jobs.failures(rotated.id, 10)
    assert.match(failure?.what ?? '', /project early is bound to the secret store second/)
    const terms = now.execute(
      'select store, max(term) as term from project_keys where project_id = ? group by store order by store',
      'early',
    )
    assert.deepEqual(
      terms.map((row) => [row['store'], Number(row['term'])]),
      [
        ['memory', 1],
        ['memory:second', 2],
      ],
    )
    const moved = await runJob(now, 'project-move', {
      projectId: asProject('early'),
      toStore: 'memory:second',
    })
    assert.deepEqual([moved.state, moved.failed], ['done', 0])
    assert.deepEqual(storesOfSecret(now, old.id), OWN)
    const left = keysOf(now, 'early').filter(
      (key) => key.startsWith('memory ') && !key.endsWith('destroying'),
    )
    assert.deepEqual(left, [])
    assert.equal(await payloadOf(caller, old.path), 'from before')
  })

  test('that preferred what belongs to others now is told so with 400, and helps itself', async (t) => {
    const early = ownerOf(past, 'preferring')
    const [, second] = await storesOf(early)
    assert.equal((await early.ask('POST', `${second?.path}/preferred`)).status, 204)
    const old = await secretWithPayload(early, { payload: 'from before' })
    const now = await openBound(TO_PROJECTS, past)
    t.after(() => now.close())
    const caller = ownerOf(now, 'preferring')
    assert.equal(await payloadOf(caller, old.path), 'from before')
    const refused = await store(caller)
    assert.equal(refused.status, 400)
    assert.match(String(refused.json['description']), /belongs to others now: prefer another/)
    assert.equal((await caller.get(`${COLLECTION}/preferred`)).status, 404)
    const { path } = await onlyStoreOf(caller)
    assert.equal((await caller.delete(`${path}/preferred`)).status, 204)
    const fresh = await secretWithPayload(caller)
    assert.deepEqual(storesOfSecret(now, fresh.id), ANYBODYS)
    const moved = await runJob(now, 'project-move', {
      projectId: asProject('preferring'),
      toStore: 'memory',
    })
    assert.equal(moved.state, 'done')
    assert.deepEqual(storesOfSecret(now, old.id), ANYBODYS)
  })
})

describe('a secret store that is bound to a domain', () => {
  let door: Door
  before(async () => {
    door = await openBound(TO_A_DOMAIN)
  })
  after(() => door.close())

  test('has what is new of every project whose token names that domain, and of no other', async () => {
    for (const project of ['one', 'two']) {
      const { id } = await secretWithPayload(ownerOf(door, project, 'acme'))
      assert.deepEqual(storesOfSecret(door, id), OWN)
      assert.equal((await onlyStoreOf(ownerOf(door, project, 'acme'))).name, 'Second keyring')
    }
    const { id } = await secretWithPayload(ownerOf(door, 'three', 'elsewhere'))
    assert.deepEqual(storesOfSecret(door, id), ANYBODYS)
    const seen = await onlyStoreOf(ownerOf(door, 'three', 'elsewhere'))
    assert.equal(seen.name, 'Software Only Crypto')
  })

  test('may be that of a token which names none: it stores nothing new, anywhere, and reads on', async (t) => {
    const past = await openDoor({ hasSeveralStores: true })
    t.after(() => past.close())
    const old = await secretWithPayload(ownerOf(past, 'nowhere'), { payload: 'from before' })
    const now = await openBound(TO_A_DOMAIN, past)
    t.after(() => now.close())
    const caller = ownerOf(now, 'nowhere')
    const refused = await store(caller)
    assert.equal(refused.status, 403)
    assert.match(String(refused.json['description']), /does not say which domain/)
    assert.deepEqual(keysOf(now, 'nowhere'), ['memory active'])
    assert.equal(await payloadOf(caller, old.path), 'from before')
    assert.equal((await onlyStoreOf(caller)).name, 'Software Only Crypto')
    // Named by its id, its domain is nobody's business.
    const named = await openBound({ projects: ['nowhere'], domains: ['acme'] }, past)
    t.after(() => named.close())
    const { id } = await secretWithPayload(ownerOf(named, 'nowhere'))
    assert.deepEqual(storesOfSecret(named, id), OWN)
  })

  test('gets the key pairs of its orders from a process that no token came to', async (t) => {
    const front = await openDoor({
      hasSeveralStores: true,
      secondStoreBoundTo: TO_A_DOMAIN,
      hasNoWorker: true,
      patienceMs: 0,
    })
    t.after(() => front.close())
    const caller = ownerOf(front, 'tokenless', 'acme')
    const placed = await placeOrder(caller, 'asymmetric', { ...RSA, passphrase: 'a passphrase' })
    const behind = await openBound(TO_A_DOMAIN, front)
    t.after(() => behind.close())
    const order = await ended(caller, placed)
    assert.equal(order['status'], 'ACTIVE')
    const container = await caller.get(pathOf(order['container_ref']))
    const members = container.json['secret_refs'] as readonly { readonly secret_ref: string }[]
    assert.equal(members.length, 3)
    for (const { secret_ref: ref } of members) {
      assert.deepEqual(storesOfSecret(front, idOf(ref)), OWN)
    }
    assert.deepEqual(keysOf(front, 'tokenless'), ['memory:second active'])
    assert.deepEqual(front.alarms.concat(behind.alarms), [])
  })
})

for (const [whose, binding, domain] of [
  ['projects', TO_PROJECTS, undefined],
  ['a domain', TO_A_DOMAIN, 'acme'],
] as const) {
  describe(`somebody writes to the database of a cloud with a store that is bound to ${whose}`, () => {
    test('a preference for its project moves nothing of it', async (t) => {
      const door = await openBound(binding)
      t.after(() => door.close())
      const caller = ownerOf(door, 'tenant', domain)
      const [first] = door.execute("select id from secret_stores where suffix = 'software'")
      const now = door.clock.now()
      door.execute(
        'insert into preferred_secret_stores (project_id, secret_store_id, created_at, updated_at) values (?, ?, ?, ?)',
        'tenant',
        first?.['id'],
        now,
        now,
      )
      const { id } = await secretWithPayload(caller)
      assert.deepEqual(storesOfSecret(door, id), OWN)
    })

    test('a job that would move its project away fails, and moves nothing', async (t) => {
      const door = await openBound(binding)
      t.after(() => door.close())
      const caller = ownerOf(door, 'tenant', domain)
      const { id, path } = await secretWithPayload(caller, { payload: 'stays' })
      for (const scope of [{ projectId: asProject('tenant') }, {}]) {
        const job = await runJob(door, 'project-move', { ...scope, toStore: 'memory' })
        assert.deepEqual([job.state, job.done], ['failed', 0])
        assert.deepEqual(storesOfSecret(door, id), OWN)
        assert.deepEqual(keysOf(door, 'tenant'), ['memory:second active'])
      }
      assert.equal(await payloadOf(caller, path), 'stays')
    })

    test('a job that would bring another project in fails, and moves nothing', async (t) => {
      const door = await openBound(binding)
      t.after(() => door.close())
      const { id } = await secretWithPayload(ownerOf(door, 'victim', 'elsewhere'))
      const scope = { projectId: asProject('victim'), toStore: 'memory:second' }
      const job = await runJob(door, 'project-move', scope)
      assert.equal(job.state, 'failed')
      const [failure] = await door.database.jobs.failures(job.id, 10)
      assert.match(failure?.what ?? '', /project victim is none of its projects/)
      assert.deepEqual(storesOfSecret(door, id), ANYBODYS)
      assert.deepEqual(keysOf(door, 'victim'), ['memory active'])
    })

    test('a key of its project, in the row of another one, lets that one not in', async (t) => {
      const door = await openBound(binding)
      t.after(() => door.close())
      await secretWithPayload(ownerOf(door, 'tenant', domain))
      const { id } = await secretWithPayload(ownerOf(door, 'victim', 'elsewhere'))
      door.execute(
        'insert into project_keys (id, project_id, store, term, state, kek_id, wrapped, commitment, wraps_reserved, created_at) ' +
          "select ?, 'victim', store, term, state, kek_id, wrapped, commitment, 0, created_at from project_keys where project_id = 'tenant'",
        Buffer.from('forged01'),
      )
      const scope = { projectId: asProject('victim'), toStore: 'memory:second' }
      const job = await runJob(door, 'project-move', scope)
      assert.equal(job.state, 'failed')
      assert.deepEqual(storesOfSecret(door, id), ANYBODYS)
      if (domain !== undefined) assert.match(door.alarms[0]?.what ?? '', /does not open/)
    })

    test('a key taken from its project makes no new one, there or elsewhere', async (t) => {
      const door = await openBound(binding)
      t.after(() => door.close())
      const caller = ownerOf(door, 'tenant', domain)
      await secretWithPayload(caller)
      door.execute("delete from project_keys where project_id = 'tenant'")
      door.clock.advanceSeconds(KEYS_ARE_FORGOTTEN)
      assert.equal((await store(caller)).status, 500)
      assert.deepEqual(keysOf(door, 'tenant'), [])
      assert.ok(door.alarms.some(({ what }) => /project key is gone/.test(what)))
    })
  })
}

function asProject(id: string) {
  return id as Parameters<Door['forgetKeys']>[0]
}
