import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Gate, GateIsFull } from '../../../src/crypto/gate.ts'

describe('a gate', () => {
  test('lets so many in at once, the others in their order', async () => {
    const gate = new Gate(2, 100)
    const doors = Array.from({ length: 6 }, () => Promise.withResolvers<void>())
    const began: number[] = []
    const calls = doors.map(({ promise }, index) =>
      gate.run(async () => {
        began.push(index)
        await promise
      }),
    )
    assert.equal(gate.isCrowded, true)
    for (const [index, { resolve }] of doors.entries()) {
      assert.ok(began.length <= index + 2)
      resolve()
      await calls[index]
    }
    assert.deepEqual(began, [0, 1, 2, 3, 4, 5])
    assert.equal(gate.isCrowded, false)
  })

  test('one that fails makes room as well', async () => {
    const gate = new Gate(1, 100)
    const failing = gate.run(() => Promise.reject(new Error('no')))
    const next = gate.run(async () => 'in')
    await assert.rejects(failing, /no/)
    assert.equal(await next, 'in')
  })

  test('refuses at once who would wait behind too many', async () => {
    const gate = new Gate(1, 1)
    const { promise, resolve } = Promise.withResolvers<void>()
    const inside = gate.run(() => promise)
    const waiting = gate.run(async () => undefined)
    await assert.rejects(
      gate.run(async () => undefined),
      GateIsFull,
    )
    resolve()
    await Promise.all([inside, waiting])
  })
})
