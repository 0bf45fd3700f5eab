import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { backupTables } from '../../src/db/backup/backupTables.ts'
import { type Door, openDoor } from '../support/door.ts'
import { secretOf, secretOfBytes } from '../support/doorSecrets.ts'
import { LATEST } from '../support/everyTable.ts'

describe('somebody holds a copy of the database', () => {
  let door: Door
  before(async () => {
    door = await openDoor()
  })
  after(() => door.close())

  /** Every value of every row of every table, one behind the other. */
  function everything(): Buffer {
    const values = (backupTables(LATEST) ?? []).flatMap(({ name }) =>
      door.execute(`select * from ${name}`).flatMap((row) => Object.values(row)),
    )
    return Buffer.concat(
      values.map((value) =>
        value instanceof Uint8Array ? Buffer.from(value) : Buffer.from(String(value)),
      ),
    )
  }

  test('no payload is in it in any form, whichever way it came; names, owners and times are', async () => {
    const caller = door.as({ project: 'victim', user: 'owner', roles: ['creator', 'admin'] })
    const canary = randomBytes(24)
    const text = canary.toString('hex')
    await secretOf(caller, {
      name: 'name of a secret',
      payload: text,
      payload_content_type: 'text/plain',
      secret_type: 'passphrase',
    })
    await secretOfBytes(caller, canary)
    const twoStep = await secretOf(caller, { name: 'in two steps' })
    const put = await caller.put(twoStep.path, text, { 'content-type': 'text/plain' })
    assert.equal(put.status, 204)
    const order = await caller.post('/v1/orders', {
      type: 'key',
      meta: {
        algorithm: 'aes',
        bit_length: 256,
        mode: 'cbc',
        payload_content_type: 'application/octet-stream',
      },
    })
    assert.equal(order.status, 202)
    const made = await caller.get(String(new URL(String(order.json['order_ref'])).pathname))
    const key = await caller.ask(
      'GET',
      `${new URL(String(made.json['secret_ref'])).pathname}/payload`,
      {
        headers: { accept: 'application/octet-stream' },
      },
    )
    assert.equal(key.bytes.length, 32)

    const copy = everything()
    for (const visible of ['name of a secret', 'victim', 'owner', 'passphrase']) {
      assert.ok(copy.includes(visible), `the look itself works: ${visible}`)
    }
    for (const bytes of [canary, Buffer.from(text), key.bytes]) {
      for (const form of [
        bytes,
        ...(['hex', 'base64', 'base64url'] as const).map((encoding) =>
          Buffer.from(bytes.toString(encoding)),
        ),
      ]) {
        // Base64 may end in other bits where more follows.
        assert.ok(!copy.includes(form.subarray(0, 24)))
      }
    }
  })
})
