import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { projectKeyIdOfRowMac, ROW_MAC_BYTES } from '../../../src/model/sealedForms.ts'
import { cryptoRoom } from './cryptoRoom.ts'
import { ORDER, PROJECT, SECRET, store, time } from './records.ts'

describe('row integrity', () => {
  test('nothing stays nothing', async () => {
    assert.equal(await cryptoRoom().integrity.verified(undefined), undefined)
  })

  test('answers the very record it verified', async () => {
    const room = cryptoRoom()
    const stored = await store(room, SECRET, Buffer.from('x'))
    assert.equal(await room.integrity.verified(stored), stored)
    const order = await room.integrity.protect(ORDER)
    assert.equal(await room.anotherNode().integrity.verified(order), order)
    assert.deepEqual(room.findings, [])
  })

  test('a MAC names its project key and is 40 bytes', async () => {
    const room = cryptoRoom()
    const { id } = await room.keyring.active(PROJECT)
    const { rowMac } = await room.integrity.protect(ORDER)
    assert.equal(rowMac.length, ROW_MAC_BYTES)
    assert.deepEqual(Buffer.from(projectKeyIdOfRowMac(rowMac)), Buffer.from(id))
  })

  test('consumers may move `updatedAt`', async () => {
    const room = cryptoRoom()
    const updatedAt = time('2027-01-01T00:00:00.000000')
    const stored = await store(room, SECRET, Buffer.from('x'))
    assert.ok(await room.integrity.verified({ ...stored, updatedAt }))
    const order = await room.integrity.protect(ORDER)
    assert.ok(await room.integrity.verified({ ...order, updatedAt }))
  })

  test('ACL users are a set: the order a database gives them in means nothing', async () => {
    const room = cryptoRoom()
    const users = ['zoe', 'adam', '\u{10000}', '\uffee', 'é', 'E']
    const aclOf = (list: readonly string[]) => ({
      projectAccess: false,
      users: list,
      createdAt: SECRET.createdAt,
      updatedAt: SECRET.createdAt,
    })
    const bare = { ...SECRET, contentType: null }
    const stored = await room.integrity.protect({ ...bare, acl: aclOf(users) })
    assert.ok(await room.integrity.verified({ ...stored, acl: aclOf(users.toReversed()) }))
    assert.ok(await room.integrity.verified({ ...stored, acl: aclOf(users.toSorted()) }))
  })

  test("an order's meta may travel through JSON text", async () => {
    const room = cryptoRoom()
    const meta = { b: 1, a: { z: [1, 'ü\ud800'], 2: null, 1: 1e21 }, __proto__x: -0, no: undefined }
    const stored = await room.integrity.protect({ ...ORDER, meta })
    const fetched = { ...stored, meta: JSON.parse(JSON.stringify(meta)) as typeof meta }
    assert.ok(await room.integrity.verified(fetched))
  })

  test('a two-step secret is protected before it has a payload', async () => {
    const room = cryptoRoom()
    const stored = await room.integrity.protect({ ...SECRET, contentType: null })
    assert.ok(await room.integrity.verified(stored))
    assert.equal(room.projectKeys.rows.length, 1)
  })

  test('a new MAC replaces an old one, also under the next term', async () => {
    const room = cryptoRoom({ maxTermAgeSeconds: 86_400 })
    const first = await room.integrity.protect(ORDER)
    room.clock.advance(2 * 86_400)
    const second = await room.integrity.protect(first)
    assert.notDeepEqual(projectKeyIdOfRowMac(first.rowMac), projectKeyIdOfRowMac(second.rowMac))
    assert.ok(await room.integrity.verified(first))
    assert.ok(await room.integrity.verified(second))
  })
})
