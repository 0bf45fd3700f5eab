import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Verified } from '../../../src/model/record.ts'
import { ENVELOPE_OVERHEAD_BYTES, projectKeyIdOfEnvelope } from '../../../src/model/sealedForms.ts'
import type { Secret } from '../../../src/model/secret.ts'
import { cryptoRoom, grantOf, read, refuses } from './cryptoRoom.ts'
import { PROJECT, SECRET, store } from './records.ts'

const BINDING = {
  projectId: PROJECT,
  secretId: SECRET.id,
  secretType: SECRET.secretType,
  contentType: 'application/octet-stream',
} as const

describe('the sealer', () => {
  test('opens what it sealed, of any length', async () => {
    const room = cryptoRoom()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5000 }), async (payload) => {
        const opened = await read(room, await store(room, SECRET, payload))
        assert.deepEqual(opened, Buffer.from(payload))
      }),
      { numRuns: 50 },
    )
  })

  test('opens on another node what was sealed here', async () => {
    const room = cryptoRoom()
    const stored = await store(room, SECRET, Buffer.from('of all nodes'))
    assert.equal(String(await read(room.anotherNode(), stored)), 'of all nodes')
  })

  test('writes the form that design 4 fixes', async () => {
    const room = cryptoRoom()
    const { id } = await room.keyring.active(PROJECT)
    const envelope = await room.sealer.seal(BINDING, Buffer.alloc(32))
    assert.equal(envelope.length, ENVELOPE_OVERHEAD_BYTES + 32)
    assert.deepEqual([...envelope.subarray(0, 4)], [1, 1, 0, 0])
    assert.deepEqual(Buffer.from(projectKeyIdOfEnvelope(envelope)), Buffer.from(id))
  })

  test('never seals twice alike: DEK and both nonces are drawn anew', async () => {
    const room = cryptoRoom()
    const payload = Buffer.alloc(64, 0x55)
    const parts = new Set<string>()
    for (let round = 0; round < 200; round += 1) {
      const envelope = Buffer.from(await room.sealer.seal(BINDING, payload))
      parts.add(envelope.toString('hex', 12, 24))
      parts.add(envelope.toString('hex', 24, 72))
      parts.add(envelope.toString('hex', 72, 84))
      parts.add(envelope.toString('hex', 84))
    }
    assert.equal(parts.size, 800)
  })

  test('holds no byte of the payload in clear, and leaves the payload to the caller', async () => {
    const room = cryptoRoom()
    const payload = Buffer.from('a payload that would be recognised')
    const envelope = Buffer.from(await room.sealer.seal(BINDING, payload))
    for (let at = 0; at + 4 <= payload.length; at += 4) {
      assert.equal(envelope.includes(payload.subarray(at, at + 4)), false)
    }
    assert.equal(String(payload), 'a payload that would be recognised')
  })

  test("what it opens is the caller's alone: wiping it spoils no other opening", async () => {
    const room = cryptoRoom()
    const stored = await store(room, SECRET, Buffer.from('once more'))
    const first = await read(room, stored)
    first.fill(0)
    assert.equal(String(await read(room, stored)), 'once more')
  })

  test('a random key is born sealed, of the length asked for, another one each time', async () => {
    const room = cryptoRoom()
    const openOne = async (bytes: number) => {
      const envelope = await room.sealer.sealRandom(BINDING, bytes)
      return read(room, await room.integrity.protect({ ...SECRET, envelope }))
    }
    const keys = [await openOne(32), await openOne(32), await openOne(16)]
    assert.deepEqual(
      keys.map((key) => key.length),
      [32, 32, 16],
    )
    assert.notDeepEqual(keys[0], keys[1])
    assert.ok(keys.every((key) => key.some((byte) => byte !== 0)))
  })

  test('a term that was followed by another still opens', async () => {
    const room = cryptoRoom({ wrapBlock: 1, maxWrapsPerTerm: 1 })
    const old = await store(room, SECRET, Buffer.from('first term'))
    await store(room, SECRET, Buffer.from('second term'))
    assert.equal(room.projectKeys.rows.length, 2)
    assert.equal(String(await read(room.anotherNode(), old)), 'first term')
  })

  test("a secret without payload is the verb's to notice, not damage", async () => {
    const room = cryptoRoom()
    const verified = { ...SECRET, envelope: null } as Secret as Verified<Secret>
    await assert.rejects(room.sealer.open(grantOf(verified)), /has no payload/)
    assert.deepEqual(room.findings, [])
  })

  test('without the KEK store and with nothing at hand, a read is asked to come back', async () => {
    const room = cryptoRoom()
    const stored = await store(room, SECRET, Buffer.from('later'))
    const node = room.anotherNode()
    room.kekStore.mood = 'down'
    const fault = await refuses(read(node, stored), 'unavailable')
    assert.equal(fault.headers['Retry-After'], '1')
    assert.deepEqual(node.findings, [])
  })
})
