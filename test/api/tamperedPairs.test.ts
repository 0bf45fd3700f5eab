import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Door, openDoor } from '../support/door.ts'
import { assertIsBareError } from '../support/doorAnswer.ts'
import type { Caller } from '../support/doorCaller.ts'
import { orderAt, orderPair, pathOf, placeOrder } from '../support/doorOrders.ts'

const EC = { algorithm: 'ec', bit_length: 256 }

describe('somebody writes to the database by hand, and an order of a key pair', () => {
  let door: Door
  let waiting: Door
  let owner: Caller
  let patient: Caller
  before(async () => {
    door = await openDoor()
    waiting = await openDoor({ hasNoWorker: true })
    owner = door.as({ project: 'p', user: 'owner', roles: ['admin'] })
    patient = waiting.as({ project: 'p', user: 'owner', roles: ['admin'] })
  })
  after(async () => {
    await door.close()
    await waiting.close()
  })

  const idIn = (ref: unknown) => String(ref).slice(-36)

  async function assertAlarmed(at: Door, caller: Caller, path: string) {
    for (const method of ['GET', 'DELETE']) {
      at.alarms.length = 0
      assertIsBareError(await caller.ask(method, path, { mayFail: true }))
      assert.equal(at.alarms.length, 1)
      assert.equal(at.alarms[0]?.kind, 'order')
    }
  }

  const refs: readonly (readonly [string, string, (other: string) => unknown])[] = [
    ['is pointed at another container', 'container_id', (other) => other],
    ['is pointed at a secret besides', 'secret_id', (other) => other],
    ['loses its container', 'container_id', () => null],
    ['is PENDING again', 'status', () => 'PENDING'],
    ['is of another type', 'order_type', () => 'key'],
    ['has failed', 'error_status_code', () => '500'],
  ]
  for (const [what, column, value] of refs) {
    test(`${what}: refused with an alarm`, async () => {
      const [order, other] = [await orderPair(owner, EC), await orderPair(owner, EC)]
      door.execute(
        `update orders set ${column} = ? where id = ?`,
        value(idIn(other['container_ref'])),
        idIn(order['order_ref']),
      )
      await assertAlarmed(door, owner, pathOf(order['order_ref']))
      assert.equal((await owner.get(pathOf(other['order_ref']))).status, 200)
    })
  }

  test('that waits is said to be ACTIVE with a container of theirs: refused with an alarm', async () => {
    const path = await placeOrder(patient, 'asymmetric', EC)
    waiting.execute(
      "update orders set status = 'ACTIVE', container_id = '00000000-0000-4000-8000-000000000000' where id = ?",
      path.slice(-36),
    )
    await assertAlarmed(waiting, patient, path)
  })

  test('that waits loses its task: it stays PENDING, and can be deleted', async () => {
    const path = await placeOrder(patient, 'asymmetric', EC)
    waiting.execute('delete from order_tasks where order_id = ?', path.slice(-36))
    assert.equal((await orderAt(patient, path))['status'], 'PENDING')
    assert.equal((await patient.delete(path)).status, 204)
  })

  test('has its private key exchanged for one of theirs: refused with an alarm', async () => {
    const order = await orderPair(owner, EC)
    const theirs = await orderPair(owner, EC)
    const container = pathOf(order['container_ref'])
    const [mine] = (await owner.get(container)).json['secret_refs'] as { secret_ref: string }[]
    const [other] = (await owner.get(pathOf(theirs['container_ref']))).json['secret_refs'] as {
      secret_ref: string
    }[]
    door.execute(
      'update container_secrets set secret_id = ? where secret_id = ? and container_id = ?',
      idIn(other?.secret_ref),
      idIn(mine?.secret_ref),
      container.slice(-36),
    )
    door.alarms.length = 0
    assertIsBareError(await owner.ask('GET', container, { mayFail: true }))
    assert.equal(door.alarms[0]?.kind, 'container')
  })
})
