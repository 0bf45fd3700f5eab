import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { OrderId, SecretId } from '../../../src/lib/ids.ts'
import type { Container, ContainerMember } from '../../../src/model/container.ts'
import type { Stored } from '../../../src/model/record.ts'
import { everyFieldFlipped, everyFieldTaken, verifiesNothing } from './attacks.ts'
import { cryptoRoom } from './cryptoRoom.ts'
import {
  CONTAINER,
  ORDER,
  OTHER_CONTAINER,
  OTHER_PROJECT,
  OTHER_SECRET,
  SECRET,
} from './records.ts'

async function containers() {
  const room = cryptoRoom()
  const container = await room.integrity.protect(CONTAINER)
  const sibling = await room.integrity.protect(OTHER_CONTAINER)
  const foreign = await room.integrity.protect({ ...OTHER_CONTAINER, projectId: OTHER_PROJECT })
  return { room, container, sibling, foreign }
}

const [FIRST, SECOND] = CONTAINER.members as readonly [ContainerMember, ContainerMember]

describe('someone with write access to the database', () => {
  test('flips any byte of any stored field of a container: it is not verified', async () => {
    const { room, container } = await containers()
    // Members are attacked below: each is three fields of its own.
    const { members, ...rest } = container
    const forgeries = everyFieldFlipped(rest).map(({ what, record }) => ({
      what,
      record: { ...record, members } as Stored<Container>,
    }))
    assert.ok(forgeries.length > 150, String(forgeries.length))
    for (const forgery of forgeries) await verifiesNothing(room, forgery)
  })

  test('fills any empty field of a container: it is not verified', async () => {
    const { room } = await containers()
    const empty = { ...CONTAINER, name: null, creatorId: null, acl: null, members: [] }
    const stored = await room.integrity.protect(empty)
    for (const [what, change] of Object.entries({
      name: { name: '' },
      creator: { creatorId: '' },
      acl: { acl: { ...(CONTAINER.acl ?? assert.fail()), users: [] } },
      member: { members: [{ ...FIRST, name: null, secretId: '' as SecretId }] },
    })) {
      await verifiesNothing(room, { what, record: { ...stored, ...change } })
    }
  })

  test('exchanges any field of two containers: neither is verified', async () => {
    const { room, container, sibling, foreign } = await containers()
    const forgeries = [
      ...everyFieldTaken(container, sibling),
      ...everyFieldTaken(sibling, container),
      ...everyFieldTaken(container, foreign),
      ...everyFieldTaken(foreign, container),
    ]
    assert.equal(forgeries.length, 2 * 8 + 2 * 9)
    for (const forgery of forgeries) await verifiesNothing(room, forgery)
  })

  test('exchanges, renames, adds, drops, doubles or moves a member: it is not verified', async () => {
    const { room, container } = await containers()
    const mallory = { name: 'x', secretId: OTHER_SECRET.id, isGone: false }
    const lists: readonly (readonly ContainerMember[])[] = [
      [{ ...FIRST, secretId: OTHER_SECRET.id }, SECOND],
      [FIRST, { ...SECOND, secretId: SECRET.id }],
      [{ ...FIRST, name: 'Certificate' }, SECOND],
      [{ ...FIRST, name: null }, SECOND],
      [FIRST, { ...SECOND, name: '' }],
      [
        { ...FIRST, name: SECOND.name },
        { ...SECOND, name: FIRST.name },
      ],
      [SECOND, FIRST],
      [FIRST],
      [SECOND],
      [],
      [FIRST, SECOND, mallory],
      [mallory, FIRST, SECOND],
      [FIRST, FIRST, SECOND],
      [FIRST, SECOND, SECOND],
    ]
    for (const members of lists) {
      await verifiesNothing(room, {
        what: JSON.stringify(members),
        record: { ...container, members },
      })
    }
  })

  test('moves the border between what stands side by side: it is not verified', async () => {
    const { room } = await containers()
    const stored = await room.integrity.protect({
      ...CONTAINER,
      type: 'rsa' as const,
      name: 'ab',
      members: [{ name: 'cd', secretId: 'ef' as SecretId, isGone: false }],
    })
    for (const [name, memberName, secretId] of [
      ['a', 'bcd', 'ef'],
      ['abc', 'd', 'ef'],
      ['ab', 'c', 'def'],
      ['ab', 'cde', 'f'],
      ['ab', 'ef', 'cd'],
    ] as const) {
      const members = [{ name: memberName, secretId: secretId as SecretId, isGone: false }]
      await verifiesNothing(room, { what: name + memberName, record: { ...stored, name, members } })
    }
  })

  test('deletes a secret: its member stays under the MAC, and the container is verified as it is', async () => {
    const { room, container } = await containers()
    const members = container.members.map((member) => ({ ...member, isGone: true }))
    assert.ok(await room.integrity.verified({ ...container, members }))
    assert.deepEqual(room.findings, [])
  })

  test('passes the MAC of an order or a secret off as that of a container: it is not verified', async () => {
    const { room, container } = await containers()
    const id = container.id as string
    const order = await room.integrity.protect({ ...ORDER, id: id as OrderId })
    const secret = await room.integrity.protect({
      ...SECRET,
      id: id as SecretId,
      contentType: null,
    })
    for (const { rowMac, kind } of [order, secret]) {
      await verifiesNothing(room, { what: `that of the ${kind}`, record: { ...container, rowMac } })
    }
  })
})
