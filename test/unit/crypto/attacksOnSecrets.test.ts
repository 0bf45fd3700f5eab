import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SecretId } from '../../../src/lib/ids.ts'
import type { Stored } from '../../../src/model/record.ts'
import type { Secret } from '../../../src/model/secret.ts'
import { everyFieldFlipped, everyFieldTaken, opensNothing, verifiesNothing } from './attacks.ts'
import { cryptoRoom, read } from './cryptoRoom.ts'
import { everyFlip } from './hex.ts'
import { OTHER_PROJECT, OTHER_SECRET, SECRET, store } from './records.ts'

const PAYLOAD = Buffer.from('the payload of the secret under attack')

/** Two secrets of one project, one of another, all of them sound. */
async function threeSecrets() {
  const room = cryptoRoom()
  const secret = await store(room, SECRET, PAYLOAD)
  const sibling = await store(room, OTHER_SECRET, Buffer.from('its sibling'))
  const foreign = await store(
    room,
    { ...OTHER_SECRET, projectId: OTHER_PROJECT, id: SECRET.id.replace('1', '7') as SecretId },
    Buffer.from('of another project'),
  )
  assert.deepEqual(await read(room, secret), PAYLOAD)
  return { room, secret, sibling, foreign }
}

describe('someone with write access to the database', () => {
  test('flips any byte of any stored field of a secret: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    const forgeries = everyFieldFlipped<Stored<Secret>>(secret)
    // Envelope and MAC alone have 138 + 40 bytes: a list that went empty must not pass.
    assert.ok(forgeries.length > 400, String(forgeries.length))
    for (const forgery of forgeries) await opensNothing(room, forgery)
  })

  test('flips any byte of the envelope: the MAC holds, the envelope does not', async () => {
    const { room, secret } = await threeSecrets()
    assert.ok(secret.envelope)
    for (const [index, envelope] of everyFlip(secret.envelope).entries()) {
      const record = { ...secret, envelope }
      assert.ok(await room.integrity.verified(record))
      await opensNothing(room, { what: `byte ${index}`, record })
    }
  })

  test('exchanges any field of two secrets of one project: nothing opens', async () => {
    const { room, secret, sibling } = await threeSecrets()
    const forgeries = [...everyFieldTaken(secret, sibling), ...everyFieldTaken(sibling, secret)]
    assert.equal(forgeries.length, 2 * 13)
    for (const forgery of forgeries) await opensNothing(room, forgery)
  })

  test('exchanges any field of two secrets of different projects: nothing opens', async () => {
    const { room, secret, foreign } = await threeSecrets()
    const forgeries = [...everyFieldTaken(secret, foreign), ...everyFieldTaken(foreign, secret)]
    assert.equal(forgeries.length, 2 * 14)
    for (const forgery of forgeries) await opensNothing(room, forgery)
  })

  test('re-owns a secret, to a user or to a project: nothing opens', async () => {
    const { room, secret, foreign } = await threeSecrets()
    const owners = [
      { creatorId: 'mallory' },
      { creatorId: null },
      { projectId: OTHER_PROJECT },
      { projectId: OTHER_PROJECT, creatorId: 'mallory' },
      { projectId: OTHER_PROJECT, rowMac: foreign.rowMac },
    ]
    for (const owner of owners) {
      await opensNothing(room, { what: JSON.stringify(owner), record: { ...secret, ...owner } })
    }
  })

  test('gives a secret the MAC of another project: the finding says so', async () => {
    const { room, secret, foreign } = await threeSecrets()
    await verifiesNothing(room, {
      what: 'foreign MAC',
      record: { ...secret, rowMac: foreign.rowMac },
    })
    assert.equal(room.findings[0]?.what, 'row MAC names the key of another project')
  })

  test('re-owns a secret and gives it a MAC of the new project: the envelope stays shut', async () => {
    const { room, secret } = await threeSecrets()
    const reowned = await room.integrity.protect({ ...secret, projectId: OTHER_PROJECT })
    assert.ok(await room.integrity.verified(reowned))
    await opensNothing(room, { what: 're-owned with a good MAC', record: reowned })
  })

  test('removes the ACL, adds one, adds a user, or opens it to the project: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    assert.ok(secret.acl)
    const open = await store(room, { ...SECRET, acl: null }, PAYLOAD)
    const closed = await store(
      room,
      { ...SECRET, acl: { ...secret.acl, projectAccess: false, users: [] } },
      PAYLOAD,
    )
    const noUsers = { ...secret.acl, projectAccess: true, users: [] }
    const forgeries = [
      { what: 'removed', record: { ...secret, acl: null } },
      { what: 'removed from a private one', record: { ...closed, acl: null } },
      { what: 'added', record: { ...open, acl: { ...secret.acl, users: ['mallory'] } } },
      { what: 'added, saying nothing', record: { ...open, acl: noUsers } },
      { what: 'opened', record: { ...closed, acl: noUsers } },
      {
        what: 'user added',
        record: { ...secret, acl: { ...secret.acl, users: [...secret.acl.users, 'mallory'] } },
      },
      { what: 'user removed', record: { ...secret, acl: { ...secret.acl, users: ['carol'] } } },
      {
        what: 'two users made one',
        record: { ...secret, acl: { ...secret.acl, users: ['caroldave'] } },
      },
    ]
    for (const forgery of forgeries) await opensNothing(room, forgery)
  })

  test('sets the MAC to null, to nothing, to zeros, or to another length: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    assert.ok(secret.rowMac)
    const zeros = Buffer.concat([secret.rowMac.subarray(0, 8), Buffer.alloc(32)])
    const macs = [
      null,
      new Uint8Array(),
      Buffer.alloc(40),
      zeros,
      secret.rowMac.subarray(0, 8),
      secret.rowMac.subarray(8),
      Buffer.concat([secret.rowMac, Buffer.alloc(1)]),
    ]
    for (const rowMac of macs) {
      await opensNothing(room, { what: String(rowMac), record: { ...secret, rowMac } })
    }
  })

  test('copies all policy columns and the MAC from another secret of the project: nothing opens', async () => {
    const { room, secret, sibling } = await threeSecrets()
    const { id, envelope } = secret
    const { projectId, creatorId, expiration, acl, rowMac } = sibling
    const policy = { projectId, creatorId, expiration, acl, rowMac }
    await opensNothing(room, { what: 'policy columns', record: { ...secret, ...policy } })
    await opensNothing(room, { what: 'whole row', record: { ...sibling, id, envelope } })
    await opensNothing(room, { what: 'all but id', record: { ...sibling, id } })
  })

  test('keeps row and MAC of a readable secret and puts the envelope of another in: nothing opens', async () => {
    const { room, secret, sibling, foreign } = await threeSecrets()
    for (const { envelope } of [sibling, foreign]) {
      const record = { ...secret, envelope }
      assert.ok(await room.integrity.verified(record))
      await opensNothing(room, { what: 'envelope of another', record })
    }
  })

  test('puts the wrapped DEK of one envelope into another: nothing opens', async () => {
    const { room, secret, sibling } = await threeSecrets()
    assert.ok(secret.envelope && sibling.envelope)
    const mixed = Buffer.from(secret.envelope)
    mixed.set(sibling.envelope.subarray(12, 72), 12)
    await opensNothing(room, { what: 'DEK of a sibling', record: { ...secret, envelope: mixed } })
  })

  test('puts an older envelope of the same secret beside a payload of another type: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    const asText = { ...SECRET, contentType: 'text/plain' } as const
    const later = await store(room, asText, Buffer.from('later'))
    await opensNothing(room, {
      what: 'older envelope',
      record: { ...later, envelope: secret.envelope },
    })
  })

  test('replays a row under a new id: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    const id = '99999999-9999-4999-8999-999999999999' as SecretId
    await opensNothing(room, { what: 'replayed', record: { ...secret, id } })
    const protectedAgain = await room.integrity.protect({ ...secret, id })
    await opensNothing(room, { what: 'replayed with a good MAC', record: protectedAgain })
  })

  test('lengthens the life of an expiring secret: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    await opensNothing(room, { what: 'for ever', record: { ...secret, expiration: null } })
    await opensNothing(room, {
      what: 'longer',
      record: { ...secret, expiration: OTHER_SECRET.expiration },
    })
  })

  test('empties a secret so that a new payload could be put: it is damage, not a two-step create', async () => {
    const { room, secret } = await threeSecrets()
    await verifiesNothing(room, { what: 'emptied', record: { ...secret, envelope: null } })
    const twoStep = await room.integrity.protect({ ...SECRET, contentType: null })
    await verifiesNothing(room, {
      what: 'filled',
      record: { ...twoStep, envelope: secret.envelope },
    })
  })

  test('brings a row into another deployment, key rows and KEK included: nothing opens', async () => {
    const { room, secret } = await threeSecrets()
    const elsewhere = room.anotherNode({ deploymentId: 'f'.repeat(32) })
    await assert.rejects(read(elsewhere, secret), { kind: 'corrupted' })
    // Even with a key that does unwrap there, neither MAC nor envelope is that deployment's.
    const { rowMac } = await elsewhere.integrity.protect({ ...SECRET, projectId: 'x' as never })
    assert.equal(rowMac.length, 40)
    assert.equal(elsewhere.findings.length, 1)
  })

  test('a format, algorithm or flag not yet known is refused before any key is asked for', async () => {
    const { room, secret } = await threeSecrets()
    const cases = [
      [0, 0, 'envelope is in the unknown format 0'],
      [0, 2, 'envelope is in the newer format 2, and this release opens formats up to 1'],
      [0, 0x3f, 'envelope is in the newer format 63, and this release opens formats up to 1'],
      [0, 0x40, 'envelope is in the unknown format 64'],
      [0, 0x4f, 'envelope is in the unknown format 79'],
      [1, 0, 'envelope has an unknown form'],
      [1, 2, 'envelope has an unknown form'],
      [2, 1, 'envelope has an unknown form'],
      [3, 1, 'envelope has an unknown form'],
    ] as const
    for (const [index, byte] of cases) {
      const envelope = Uint8Array.from(secret.envelope ?? [])
      envelope[index] = byte
      await opensNothing(room, {
        what: `byte ${index} is ${byte}`,
        record: { ...secret, envelope },
      })
    }
    assert.deepEqual(
      room.findings.map(({ what }) => what),
      cases.map(([, , what]) => what),
    )
  })
})
