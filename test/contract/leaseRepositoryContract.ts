import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { LeaseRepository } from '../../src/domain/ports/leases.ts'

let count = 0
const newName = () => {
  count += 1
  return `lease-${count}`
}

/** What every implementation of LeaseRepository keeps. */
export function leaseRepositoryContract(
  name: string,
  open: () => Promise<{ readonly leases: LeaseRepository }>,
): void {
  describe(`leases, ${name}`, () => {
    let leases: LeaseRepository
    before(async () => {
      leases = (await open()).leases
    })

    test('one that nobody ever held is nothing, and is taken by the first of two', async () => {
      const lease = newName()
      assert.equal(await leases.look(lease), undefined)
      const taken = await Promise.all([
        leases.take(lease, 'one', undefined),
        leases.take(lease, 'two', undefined),
      ])
      assert.deepEqual(taken.toSorted(), [false, true])
      const holder = taken[0] ? 'one' : 'two'
      assert.deepEqual(await leases.look(lease), { owner: holder, beat: 0 })
    })

    test('of many who saw the same, one takes it over', async () => {
      const lease = newName()
      await leases.take(lease, 'dead', undefined)
      const seen = await leases.look(lease)
      const names = Array.from({ length: 8 }, (_, n) => `heir-${n}`)
      const taken = await Promise.all(names.map((heir) => leases.take(lease, heir, seen)))
      assert.equal(taken.filter((isTaken) => isTaken).length, 1)
      assert.equal((await leases.look(lease))?.owner, names[taken.indexOf(true)])
    })

    test('a holder that beats is not taken over by whoever saw it before', async () => {
      const lease = newName()
      await leases.take(lease, 'alive', undefined)
      const seen = await leases.look(lease)
      assert.equal(await leases.beat(lease, 'alive'), true)
      assert.equal(await leases.take(lease, 'impatient', seen), false)
      assert.equal((await leases.look(lease))?.owner, 'alive')
    })

    test('whoever lost it learns so, and cannot give it back', async () => {
      const lease = newName()
      await leases.take(lease, 'slow', undefined)
      await leases.take(lease, 'heir', await leases.look(lease))
      assert.equal(await leases.beat(lease, 'slow'), false)
      await leases.release(lease, 'slow')
      assert.equal((await leases.look(lease))?.owner, 'heir')
    })

    test('given back, it is free', async () => {
      const lease = newName()
      await leases.take(lease, 'first', undefined)
      await leases.release(lease, 'first')
      const seen = await leases.look(lease)
      assert.equal(seen?.owner, null)
      assert.equal(await leases.take(lease, 'second', seen), true)
    })
  })
}
