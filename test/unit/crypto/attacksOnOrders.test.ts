import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SecretId } from '../../../src/lib/ids.ts'
import type { Order } from '../../../src/model/order.ts'
import type { Stored } from '../../../src/model/record.ts'
import { everyFieldFlipped, everyFieldTaken, verifiesNothing } from './attacks.ts'
import { cryptoRoom, read, refuses } from './cryptoRoom.ts'
import { ORDER, OTHER_ORDER, OTHER_PROJECT, OTHER_SECRET, SECRET, store } from './records.ts'

async function orders() {
  const room = cryptoRoom()
  const order = await room.integrity.protect(ORDER)
  const sibling = await room.integrity.protect(OTHER_ORDER)
  const foreign = await room.integrity.protect({ ...OTHER_ORDER, projectId: OTHER_PROJECT })
  return { room, order, sibling, foreign }
}

describe('someone with write access to the database', () => {
  test('flips any byte of any stored field of an order: it is not verified', async () => {
    const { room, order } = await orders()
    const forgeries = everyFieldFlipped<Stored<Order>>(order)
    assert.ok(forgeries.length > 250, String(forgeries.length))
    for (const forgery of forgeries) await verifiesNothing(room, forgery)
  })

  test('fills any empty field of an order: it is not verified', async () => {
    const { room } = await orders()
    const empty = {
      ...ORDER,
      subStatus: null,
      subStatusMessage: null,
      errorStatusCode: null,
      errorReason: null,
      creatorId: null,
      secretId: null,
      containerId: null,
    }
    const stored = await room.integrity.protect(empty)
    for (const forgery of everyFieldFlipped<Stored<Order>>(stored)) {
      await verifiesNothing(room, forgery)
    }
  })

  test('exchanges any field of two orders: neither is verified', async () => {
    const { room, order, sibling, foreign } = await orders()
    const forgeries = [
      ...everyFieldTaken(order, sibling),
      ...everyFieldTaken(sibling, order),
      ...everyFieldTaken(order, foreign),
      ...everyFieldTaken(foreign, order),
    ]
    assert.equal(forgeries.length, 2 * 13 + 2 * 14)
    for (const forgery of forgeries) await verifiesNothing(room, forgery)
  })

  test('adds, removes or moves a key of the meta: it is not verified', async () => {
    const { room, order } = await orders()
    const { name, ...nameless }: Order['meta'] = ORDER.meta
    for (const meta of [{ ...ORDER.meta, mallory: 1 }, nameless, { name, ...nameless }, {}]) {
      await verifiesNothing(room, { what: JSON.stringify(meta), record: { ...order, meta } })
    }
  })

  test('points an order at another secret: it is not verified', async () => {
    const { room, order } = await orders()
    for (const secretId of [OTHER_SECRET.id, '' as SecretId, null]) {
      await verifiesNothing(room, { what: String(secretId), record: { ...order, secretId } })
    }
  })

  test('gives an order the input of another, of another project, or a secret its own: nothing opens', async () => {
    const { room, order, sibling, foreign } = await orders()
    const { orderInputs: inputs } = room.sealer
    const sealed = await inputs.seal(order, Buffer.from('passphrase'))
    const verified = async (stored: Stored<Order>) =>
      (await room.integrity.verified(stored)) ?? assert.fail()
    assert.equal(String(await inputs.open(await verified(order), sealed)), 'passphrase')
    const before = room.findings.length
    await refuses(inputs.open(await verified(sibling), sealed), 'corrupted')
    await refuses(inputs.open(await verified(foreign), sealed), 'corrupted')
    // As the payload of a secret whose id is the order's, and the other way round.
    const secret = {
      ...SECRET,
      id: order.id as string as SecretId,
      contentType: 'text/plain',
      envelope: sealed,
    } as const
    await refuses(read(room, await room.integrity.protect(secret)), 'corrupted')
    const { envelope } = await store(room, secret, Buffer.from('payload'))
    await refuses(inputs.open(await verified(order), envelope ?? assert.fail()), 'corrupted')
    assert.equal(room.findings.length, before + 4)
    for (const kind of room.findings.slice(before).map((finding) => finding.kind)) {
      assert.match(kind, /^(order|secret)$/)
    }
  })

  test('flips any bit of an input: it does not open', async () => {
    const { room, order } = await orders()
    const verified = (await room.integrity.verified(order)) ?? assert.fail()
    const { orderInputs: inputs } = room.sealer
    const sealed = await inputs.seal(order, Buffer.from('passphrase'))
    for (let at = 0; at < sealed.length; at += 1) {
      const flipped = Buffer.from(sealed)
      flipped[at] = (flipped[at] ?? 0) ^ 1
      await refuses(inputs.open(verified, flipped), 'corrupted')
    }
  })

  test('passes the MAC of a secret off as that of an order with the same id: it is not verified', async () => {
    const { room, order } = await orders()
    const asSecret = {
      kind: 'secret',
      id: order.id as string as SecretId,
      projectId: order.projectId,
      creatorId: order.creatorId,
      createdAt: order.createdAt,
      updatedAt: order.updatedAt,
      name: null,
      secretType: 'opaque',
      algorithm: null,
      bitLength: null,
      mode: null,
      expiration: null,
      contentType: null,
      acl: null,
      envelope: null,
    } as const
    const { rowMac } = await room.integrity.protect(asSecret)
    await verifiesNothing(room, { what: "a secret's MAC", record: { ...order, rowMac } })
  })
})
