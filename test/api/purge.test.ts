import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type PurgeOrder, timeBefore } from '../../src/domain/purge.ts'
import { BASE, type Door, openDoor } from '../support/door.ts'
import type { Caller } from '../support/doorCaller.ts'
import { type MadeSecret, secretWithPayload } from '../support/doorSecrets.ts'

const EXPIRATION = '2026-05-01T12:00:00'
const DAY = 86_400

let door: Door
const rowsOf = (table: string, column: string, id: string) =>
  door.execute(`select * from ${table} where ${column} = ?`, id)

describe('the purge of what is over', () => {
  let owner: Caller
  before(async () => {
    door = await openDoor()
    owner = door.as({ project: 'p', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  const orderTo = (seconds: number, changes: Partial<PurgeOrder> = {}): PurgeOrder => ({
    before: timeBefore(door.clock, seconds),
    batchSize: 100,
    goesOn: async () => true,
    ...changes,
  })
  const expiring = (fields = {}): Promise<MadeSecret> => {
    door.clock.set('2026-05-01T11:00:00Z')
    return secretWithPayload(owner, { expiration: EXPIRATION, ...fields })
  }
  /** What earlier tests left. */
  const cleared = async () => {
    door.clock.set('2030-01-01T00:00:00Z')
    door.execute('delete from secret_metadata')
    door.execute('delete from secret_acl_users')
    door.execute('delete from secret_consumers')
    door.execute('delete from secrets where expires_at is not null')
    door.execute('delete from tombstones')
  }

  test('an expired secret stays as long as it is kept, and then goes with all that hangs on it (Q50)', async () => {
    const { id, path } = await expiring()
    await owner.put(`${path}/metadata`, { metadata: { a: '1', b: '2' } })
    await owner.put(`${path}/acl`, { read: { users: ['x', 'y'], 'project-access': false } })
    door.clock.set('2026-05-31T11:59:59Z')
    const early = await door.purges.expiredSecrets.run(orderTo(30 * DAY))
    assert.deepEqual(early, { removed: 0, damaged: 0, waiting: 0 })
    assert.equal(rowsOf('secrets', 'id', id).length, 1)
    door.clock.set('2026-05-31T12:00:00Z')
    const run = await door.purges.expiredSecrets.run(orderTo(30 * DAY))
    assert.deepEqual(run, { removed: 1, damaged: 0, waiting: 0 })
    assert.deepEqual(rowsOf('secrets', 'id', id), [])
    assert.deepEqual(rowsOf('secret_metadata', 'secret_id', id), [])
    assert.deepEqual(rowsOf('secret_acl_users', 'secret_id', id), [])
    const [tombstone] = rowsOf('tombstones', 'id', id)
    assert.equal(tombstone?.['kind'], 'secret')
    assert.match(String(tombstone?.['deleted_at']), /^2026-05-31T12:00:00/)
    assert.deepEqual(Object.keys(tombstone ?? {}), [
      'kind',
      'id',
      'project_id',
      'creator_id',
      'created_at',
      'deleted_at',
    ])
    assert.equal((await owner.get(path)).status, 404)
  })

  test('kept for no time at all, it goes at the instant at which it expires', async () => {
    const { id } = await expiring()
    door.clock.set('2026-05-01T11:59:59.999Z')
    assert.equal((await door.purges.expiredSecrets.run(orderTo(0))).removed, 0)
    door.clock.set('2026-05-01T12:00:00Z')
    assert.equal((await door.purges.expiredSecrets.run(orderTo(0))).removed, 1)
    assert.deepEqual(rowsOf('secrets', 'id', id), [])
  })

  test('what does not expire, or not yet, is not touched', async () => {
    await cleared()
    door.clock.set('2026-05-01T11:00:00Z')
    const eternal = await secretWithPayload(owner)
    const later = await secretWithPayload(owner, { expiration: '2027-01-01' })
    await expiring()
    door.clock.set('2026-06-01T00:00:00Z')
    assert.equal((await door.purges.expiredSecrets.run(orderTo(0))).removed, 1)
    for (const { path } of [eternal, later]) {
      assert.equal((await owner.get(`${path}/payload`)).text, 'some payload')
    }
  })

  test('many go in batches, with a look between two of them whether to go on', async () => {
    await cleared()
    await Promise.all(Array.from({ length: 25 }, () => expiring()))
    door.clock.set('2026-06-01T00:00:00Z')
    const batches: number[] = []
    const told = (order: Partial<PurgeOrder>) =>
      orderTo(0, { batchSize: 10, onBatch: ({ removed }) => void batches.push(removed), ...order })
    const stopped = await door.purges.expiredSecrets.run(told({ goesOn: async () => false }))
    assert.equal(stopped.removed, 10)
    assert.equal(await door.database.purge.countExpired(timeBefore(door.clock, 0)), 15)
    const rest = await door.purges.expiredSecrets.run(told({}))
    assert.equal(rest.removed, 15)
    assert.deepEqual(batches, [10, 10, 15])
  })

  test('two nodes at once remove each secret once', async () => {
    await cleared()
    await Promise.all(Array.from({ length: 40 }, () => expiring()))
    door.clock.set('2026-06-01T00:00:00Z')
    const order = orderTo(0, { batchSize: 7 })
    const runs = await Promise.all([
      door.purges.expiredSecrets.run(order),
      door.purges.expiredSecrets.run(order),
    ])
    assert.equal(
      runs.reduce((sum, { removed }) => sum + removed, 0),
      40,
    )
    assert.equal(door.execute('select id from tombstones').length, 40)
    assert.deepEqual(door.alarms, [])
  })

  test('an expiry written into the database destroys nothing: the record stays, with the alarm', async () => {
    await cleared()
    door.clock.set('2026-05-01T11:00:00Z')
    const victim = await secretWithPayload(owner)
    const others = [await expiring(), await expiring(), await expiring()]
    // The first of all to be looked at, in a batch of its own.
    door.execute(
      'update secrets set expires_at = ? where id = ?',
      '2001-01-01T00:00:00.000000',
      victim.id,
    )
    door.clock.set('2026-06-01T00:00:00Z')
    const run = await door.purges.expiredSecrets.run(orderTo(0, { batchSize: 1 }))
    assert.deepEqual(run, { removed: 3, damaged: 1, waiting: 0 })
    assert.equal(rowsOf('secrets', 'id', victim.id).length, 1)
    assert.deepEqual(rowsOf('tombstones', 'id', victim.id), [])
    for (const { id } of others) assert.deepEqual(rowsOf('secrets', 'id', id), [])
    assert.deepEqual(
      door.alarms.map(({ id, what }) => [id, what]),
      [[victim.id, 'row MAC does not match']],
    )
    door.alarms.length = 0
    // Put back as it was, it is as good as before.
    door.execute('update secrets set expires_at = null where id = ?', victim.id)
    assert.equal((await owner.get(`${victim.path}/payload`)).text, 'some payload')
  })

  test('a column of another type stops nobody else', async () => {
    await cleared()
    const odd = await expiring()
    door.execute('update secrets set name = ? where id = ?', Buffer.from('bytes'), odd.id)
    await expiring()
    door.clock.set('2026-06-01T00:00:00Z')
    const run = await door.purges.expiredSecrets.run(orderTo(0))
    assert.deepEqual(run, { removed: 1, damaged: 1, waiting: 0 })
    door.alarms.length = 0
  })

  test('what a KEK store that is away holds waits, and nothing is lost', async () => {
    await cleared()
    await expiring()
    door.clock.set('2026-06-01T00:00:00Z')
    door.clock.advanceSeconds(10_000)
    door.kekStore.mood = 'down'
    try {
      const run = await door.purges.expiredSecrets.run(orderTo(0))
      assert.deepEqual(run, { removed: 0, damaged: 0, waiting: 1 })
    } finally {
      door.kekStore.mood = 'well'
    }
    assert.equal((await door.purges.expiredSecrets.run(orderTo(0))).removed, 1)
  })

  test('of two KEK stores one is away: what the other holds goes, in the same run', async (t) => {
    const own = await openDoor({ hasSeveralStores: true })
    t.after(() => own.close())
    own.clock.set('2026-05-01T11:00:00Z')
    const holder = own.as({ project: 'p', user: 'u', roles: ['admin'] })
    const expiringThere = () => secretWithPayload(holder, { expiration: EXPIRATION })
    const first = [await expiringThere(), await expiringThere()]
    const row = (await own.database.secretStores.list()).find(({ suffix }) => suffix === 'second')
    await own.database.secretStores.prefer('p' as never, row?.id as never, own.clock.now())
    own.clock.advanceSeconds(60)
    const second = [await expiringThere(), await expiringThere(), await expiringThere()]
    own.clock.set('2026-06-01T00:00:00Z')
    own.clock.advanceSeconds(10_000)
    own.kekStore.mood = 'down'
    // The first of all to be looked at are those that wait, a batch each.
    const order: PurgeOrder = {
      before: timeBefore(own.clock, 0),
      batchSize: 1,
      goesOn: async () => true,
    }
    const run = await own.purges.expiredSecrets.run(order)
    assert.deepEqual(run, { removed: second.length, damaged: 0, waiting: first.length })
    own.kekStore.mood = 'well'
    own.clock.advanceSeconds(60)
    const next = await own.purges.expiredSecrets.run(order)
    assert.deepEqual(next, { removed: first.length, damaged: 0, waiting: 0 })
    assert.deepEqual(own.alarms, [])
  })

  test('a container whose member was purged is whole: the member is gone, the rest is there', async () => {
    await cleared()
    const kept = await secretWithPayload(owner)
    const gone = await expiring()
    const made = await owner.post('/v1/containers', {
      type: 'generic',
      secret_refs: [
        { name: 'kept', secret_ref: kept.ref },
        { name: 'gone', secret_ref: gone.ref },
      ],
    })
    const path = String(made.json['container_ref']).slice(BASE.length)
    await owner.post(`${gone.path}/consumers`, {
      service: 's',
      resource_type: 't',
      resource_id: 'r',
    })
    door.clock.set('2026-06-01T00:00:00Z')
    const run = await door.purges.expiredSecrets.run(orderTo(0))
    assert.deepEqual(run, { removed: 1, damaged: 0, waiting: 0 })
    assert.deepEqual(rowsOf('secret_consumers', 'secret_id', gone.id), [])
    const answer = await owner.get(path)
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json['secret_refs'], [{ name: 'kept', secret_ref: kept.ref }])
    // Its MAC still covers what it was made with, and the next change leaves the gone one out.
    const another = await secretWithPayload(owner)
    const added = await owner.post(`${path}/secrets`, { name: 'new', secret_ref: another.ref })
    assert.equal(added.status, 201)
    assert.deepEqual((await owner.get(path)).json['secret_refs'], [
      { name: 'kept', secret_ref: kept.ref },
      { name: 'new', secret_ref: another.ref },
    ])
    assert.equal((await owner.delete(path)).status, 204)
    assert.deepEqual(door.alarms, [])
  })

  test('an order keeps naming the key that expired and went', async () => {
    await cleared()
    door.clock.set('2026-05-01T11:00:00Z')
    const meta = { algorithm: 'aes', bit_length: 256, expiration: EXPIRATION }
    const placed = await owner.post('/v1/orders', { type: 'key', meta })
    const path = String(placed.json['order_ref']).slice(BASE.length)
    const { secret_ref: ref } = (await owner.get(path)).json
    door.clock.set('2026-06-01T00:00:00Z')
    assert.equal((await door.purges.expiredSecrets.run(orderTo(0))).removed, 1)
    assert.equal((await owner.get(path)).json['secret_ref'], ref)
  })

  test('tombstones go by the age of the deletion, in batches', async () => {
    await cleared()
    door.clock.set('2026-01-01T00:00:00Z')
    for (let i = 0; i < 5; i += 1) await owner.delete((await secretWithPayload(owner)).path)
    door.clock.set('2026-02-01T00:00:00Z')
    const young = await secretWithPayload(owner)
    await owner.delete(young.path)
    door.clock.set('2026-02-02T00:00:00Z')
    const batches: number[] = []
    const onBatch = ({ removed }: { readonly removed: number }) => void batches.push(removed)
    const run = await door.purges.tombstones.run(orderTo(10 * DAY, { batchSize: 2, onBatch }))
    assert.deepEqual(run, { removed: 5, damaged: 0, waiting: 0 })
    assert.deepEqual(batches, [2, 4, 5])
    assert.deepEqual(
      door.execute('select id from tombstones').map(({ id }) => id),
      [young.id],
    )
  })
})

describe('deleting a parent', () => {
  let owner: Caller
  before(async () => {
    door = await openDoor()
    owner = door.as({ project: 'p', user: 'u', roles: ['admin'] })
  })
  after(() => door.close())

  test('cleans all metadata and ACL users of a secret, however many there are', async () => {
    const { id, path } = await secretWithPayload(owner)
    const metadata = Object.fromEntries(Array.from({ length: 150 }, (_, i) => [`k${i}`, 'v']))
    await owner.put(`${path}/metadata`, { metadata })
    const users = Array.from({ length: 150 }, (_, i) => `user-${i}`)
    await owner.put(`${path}/acl`, { read: { users } })
    assert.equal(rowsOf('secret_acl_users', 'secret_id', id).length, 150)
    assert.equal((await owner.delete(path)).status, 204)
    for (const table of ['secret_metadata', 'secret_acl_users']) {
      assert.deepEqual(door.execute(`select * from ${table} where secret_id = ?`, id), [], table)
    }
  })

  test('cleans all consumers of a secret, however many there are, and their quota is free', async () => {
    const member = door.as({ project: 'consumers', user: 'u', roles: ['admin'] })
    const operator = door.as({ project: 'c', user: 'o', roles: ['key-manager:service-admin'] })
    const { id, path } = await secretWithPayload(member)
    const consumer = (i: number) => ({ service: 's', resource_type: 't', resource_id: `r${i}` })
    for (let i = 0; i < 25; i += 1) await member.post(`${path}/consumers`, consumer(i))
    await operator.put('/v1/project-quotas/consumers', { project_quotas: { consumers: 25 } })
    const other = await secretWithPayload(member)
    assert.equal((await member.post(`${other.path}/consumers`, consumer(0))).status, 403)
    assert.equal((await member.delete(path)).status, 204)
    assert.deepEqual(door.execute('select * from secret_consumers where secret_id = ?', id), [])
    assert.equal((await member.post(`${other.path}/consumers`, consumer(0))).status, 200)
  })

  test('cleans all consumers, members and ACL users of a container, however many there are', async () => {
    const { ref } = await secretWithPayload(owner)
    const made = await owner.post('/v1/containers', {
      type: 'generic',
      secret_refs: [{ name: 'n', secret_ref: ref }],
    })
    const path = String(made.json['container_ref']).slice(BASE.length)
    const users = Array.from({ length: 25 }, (_, i) => `user-${i}`)
    await owner.put(`${path}/acl`, { read: { users } })
    for (let i = 0; i < 25; i += 1) {
      await owner.post(`${path}/consumers`, { name: 'n', URL: `http://u/${i}` })
    }
    const id = path.slice(-36)
    const hanging = { container_consumers: 25, container_secrets: 1, container_acl_users: 25 }
    for (const [table, count] of Object.entries(hanging)) {
      assert.equal(rowsOf(table, 'container_id', id).length, count, table)
    }
    assert.equal((await owner.delete(path)).status, 204)
    for (const table of Object.keys(hanging)) {
      assert.deepEqual(rowsOf(table, 'container_id', id), [], table)
    }
  })

  test('cleans the task of an order', async () => {
    const meta = { algorithm: 'aes', bit_length: 256 }
    const placed = await owner.post('/v1/orders', { type: 'key', meta })
    const path = String(placed.json['order_ref']).slice(BASE.length)
    const id = path.slice(-36)
    door.execute(
      "insert into order_tasks (order_id, created_at, attempts) values (?, '2026', 0)",
      id,
    )
    assert.equal((await owner.delete(path)).status, 204)
    assert.deepEqual(door.execute('select * from order_tasks where order_id = ?', id), [])
  })
})
