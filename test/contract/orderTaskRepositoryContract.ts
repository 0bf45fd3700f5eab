import assert from 'node:assert/strict'
import { before, beforeEach, describe, test } from 'node:test'
import type { MadeKeyPair } from '../../src/domain/ports/orderRepositories.ts'
import { newOrderId } from '../../src/lib/ids.ts'
import { NEVER } from '../../src/lib/timestamp.ts'
import type { Order } from '../../src/model/order.ts'
import {
  at,
  NOW,
  Project,
  plain,
  type RepositoriesUnderTest,
  type WithMac,
} from './recordsForRepositories.ts'

const LATER = at('2026-11-22T12:01:00.000000')
const MUCH_LATER = at('2026-11-22T12:02:00.000000')

/** What every OrderTaskRepository answers. */
export function orderTaskRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`order task repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
    })
    beforeEach(() => db.execute('delete from order_tasks'))

    const waiting = (changes: Partial<Order> = {}): WithMac<Order> =>
      project.order({
        type: 'asymmetric',
        meta: { algorithm: 'rsa', bit_length: 2048 },
        status: 'PENDING',
        subStatus: null,
        subStatusMessage: null,
        ...changes,
      })
    const placed = async (changes: Partial<Order> = {}, sealedInput: Uint8Array | null = null) => {
      const order = waiting(changes)
      assert.equal(await db.orders.place(order, undefined, { sealedInput }), 'placed')
      return order
    }
    const claimed = async (owner = 'a', now = NOW, until = LATER) => {
      const task = await db.orderTasks.claim(owner, now, until)
      return task ?? assert.fail('there was nothing to claim')
    }
    const pairOf = (): MadeKeyPair => {
      const secrets = [project.secret(), project.secret({ secretType: 'public' })]
      const members = secrets.map(({ id }) => ({ name: 'x', secretId: id, isGone: false }))
      return { container: project.container({ members }), secrets, facts: new Map() }
    }
    const endedAs = (order: WithMac<Order>, made: MadeKeyPair | undefined): WithMac<Order> => ({
      ...order,
      status: made === undefined ? 'ERROR' : 'ACTIVE',
      subStatus: made === undefined ? null : 'Unknown',
      subStatusMessage: made === undefined ? null : 'Unknown',
      errorStatusCode: made === undefined ? '500' : null,
      errorReason: made === undefined ? 'r'.repeat(255) : null,
      containerId: made?.container.id ?? null,
      updatedAt: LATER,
      rowMac: project.mac(),
    })
    const assertNothingOf = async (made: MadeKeyPair) => {
      assert.equal(await db.containers.find(made.container.id), undefined)
      for (const { id } of made.secrets) assert.equal(await db.secrets.find(id), undefined)
    }
    const found = async (order: Order) => plain(await db.orders.find(project.id, order.id))

    test('a claimed task has its input to the byte and costs more each time', async () => {
      const input = project.envelope()
      const order = await placed({}, input)
      const task = await claimed()
      assert.deepEqual(plain(task), {
        orderId: order.id,
        cost: 1,
        sealedInput: Buffer.from(input),
      })
      assert.deepEqual(plain(await db.orderTasks.order(order.id)), plain(order))
      await db.orderTasks.releaseAllOf('a')
      assert.equal((await claimed('b', LATER, MUCH_LATER)).cost, 2)
    })

    test('an input whose project key is gone is not placed, nor is its order', async () => {
      const order = waiting()
      const sealedInput = project.envelope(Buffer.alloc(8, 3))
      assert.equal(await db.orders.place(order, undefined, { sealedInput }), 'keyGone')
      assert.equal(await db.orders.find(project.id, order.id), undefined)
      assert.equal(await db.orderTasks.claim('a', NOW, LATER), undefined)
    })

    test('the oldest is claimed first, by id where two are as old', async () => {
      const times = [3, 1, 2, 1].map((second) => at(`2026-01-01T00:00:0${second}.000000`))
      const orders = []
      for (const createdAt of times) orders.push(await placed({ createdAt }))
      const sorted = orders.toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
      for (const { id } of sorted) assert.equal((await claimed()).orderId, id)
      assert.equal(await db.orderTasks.claim('a', NOW, LATER), undefined)
    })

    test('of many who claim at once each task has one owner', async () => {
      for (let i = 0; i < 5; i += 1) await placed()
      const tasks = await Promise.all(
        Array.from({ length: 20 }, (_, i) => db.orderTasks.claim(`owner-${i}`, NOW, LATER)),
      )
      const ids = tasks.flatMap((task) => task?.orderId ?? [])
      assert.equal(ids.length, 5)
      assert.equal(new Set(ids).size, 5)
    })

    test('no clock ends a lease: what is held stays held, whatever time it is', async () => {
      await placed()
      await claimed()
      assert.equal(await db.orderTasks.claim('b', MUCH_LATER, MUCH_LATER), undefined)
    })

    test('a lease that still is as it was seen is freed, one that moved is not', async () => {
      const { id } = await placed()
      await claimed('a')
      const [seen] = await db.orderTasks.leased()
      assert.deepEqual(seen, { orderId: id, owner: 'a', until: LATER })
      assert.ok(seen !== undefined)
      await db.orderTasks.renew(id, 'a', MUCH_LATER)
      await db.orderTasks.free(seen)
      assert.equal(await db.orderTasks.claim('b', MUCH_LATER, MUCH_LATER), undefined)
      await db.orderTasks.free({ ...seen, owner: 'b', until: MUCH_LATER })
      assert.equal(await db.orderTasks.claim('b', MUCH_LATER, MUCH_LATER), undefined)
      await db.orderTasks.free({ ...seen, until: MUCH_LATER })
      assert.equal((await claimed('b', NOW, LATER)).orderId, id)
      assert.equal(await db.orderTasks.renew(id, 'a', MUCH_LATER), false)
    })

    test('what rests is seen and can be freed; what is parked for good is neither', async () => {
      await placed()
      await placed()
      const [resting, parked] = [await claimed('a'), await claimed('a')]
      await db.orderTasks.release(resting, 'a', MUCH_LATER)
      await db.orderTasks.release(parked, 'a', NEVER)
      const leased = await db.orderTasks.leased()
      const rests = { orderId: resting.orderId, owner: null, until: MUCH_LATER }
      assert.deepEqual(leased, [rests])
      assert.equal(await db.orderTasks.claim('b', NOW, LATER), undefined)
      await db.orderTasks.free(rests)
      assert.equal((await claimed('b')).orderId, resting.orderId)
      assert.equal(await db.orderTasks.claim('b', MUCH_LATER, MUCH_LATER), undefined)
    })

    test('only the owner renews, for as long as nobody else took the task', async () => {
      const { id } = await placed()
      await claimed('a')
      assert.equal(await db.orderTasks.renew(id, 'b', MUCH_LATER), false)
      assert.equal(await db.orderTasks.renew(newOrderId(), 'a', MUCH_LATER), false)
      assert.equal(await db.orderTasks.renew(id, 'a', MUCH_LATER), true)
      await db.orderTasks.free({ orderId: id, owner: 'a', until: MUCH_LATER })
      await claimed('b')
      assert.equal(await db.orderTasks.renew(id, 'a', MUCH_LATER), false)
    })

    test('a released task waits until it may be taken, at the cost it was given back with', async () => {
      await placed()
      const task = await claimed('a')
      await db.orderTasks.release({ ...task, cost: 0 }, 'b', NOW)
      assert.equal(await db.orderTasks.claim('b', NOW, LATER), undefined, 'it is not theirs')
      await db.orderTasks.release({ ...task, cost: 4 }, 'a', LATER)
      assert.equal(await db.orderTasks.claim('b', NOW, LATER), undefined)
      assert.equal((await claimed('b', LATER, MUCH_LATER)).cost, 5)
    })

    test('what a dead owner held is free at once, and nothing of others', async () => {
      const [mine, theirs] = [await placed(), await placed()].toSorted((a, b) =>
        a.id < b.id ? -1 : 1,
      )
      assert.equal((await claimed('dead')).orderId, mine?.id)
      assert.equal((await claimed('alive')).orderId, theirs?.id)
      assert.deepEqual(await db.orderTasks.look(), { waiting: 2, owners: ['alive', 'dead'] })
      await db.orderTasks.releaseAllOf('dead')
      assert.deepEqual(await db.orderTasks.look(), { waiting: 2, owners: ['alive'] })
      assert.equal((await claimed('next')).orderId, mine?.id)
      assert.equal(await db.orderTasks.claim('next', NOW, LATER), undefined)
    })

    test('an empty queue looks empty', async () => {
      assert.deepEqual(await db.orderTasks.look(), { waiting: 0, owners: [] })
      assert.equal(await db.orderTasks.claim('a', NOW, LATER), undefined)
    })

    test('settling stores order, container and secrets, and ends the task', async () => {
      const order = await placed()
      await claimed('a')
      const made = pairOf()
      const ended = endedAs(order, made)
      assert.equal(await db.orderTasks.settle('a', order.rowMac, ended, made), 'settled')
      assert.deepEqual(await found(order), plain(ended))
      assert.deepEqual(
        plain(await db.containers.find(made.container.id)),
        plain({ ...made.container }),
      )
      for (const secret of made.secrets) {
        assert.deepEqual(plain(await db.secrets.find(secret.id)), plain(secret))
      }
      assert.deepEqual(await db.orderTasks.look(), { waiting: 0, owners: [] })
    })

    test('settling as failed stores the reason and makes nothing', async () => {
      const order = await placed()
      await claimed('a')
      const ended = endedAs(order, undefined)
      assert.equal(await db.orderTasks.settle('a', order.rowMac, ended, undefined), 'settled')
      assert.deepEqual(await found(order), plain(ended))
      assert.equal((await db.orderTasks.look()).waiting, 0)
    })

    test('of two who settle one order one does, whoever holds the lease', async () => {
      const order = await placed()
      await claimed('a')
      await db.orderTasks.releaseAllOf('a')
      await claimed('b')
      const [late, one, two] = [pairOf(), pairOf(), pairOf()]
      const settle = (owner: string, made: MadeKeyPair) =>
        db.orderTasks.settle(owner, order.rowMac, endedAs(order, made), made)
      const answers = await Promise.all([
        settle('a', late),
        settle('b', one),
        settle('b', two),
        settle('a', late),
      ])
      // SQLite's one writer keeps the order; on a server either of the two may be first.
      assert.deepEqual(answers.toSorted(), ['lost', 'lost', 'lost', 'settled'])
      const [right, again] = answers[1] === 'settled' ? [one, two] : [two, one]
      assert.equal((await db.orders.find(project.id, order.id))?.containerId, right.container.id)
      await assertNothingOf(late)
      await assertNothingOf(again)
    })

    test('an order that changed meanwhile is stale, and nothing is written', async () => {
      const order = await placed()
      await claimed('a')
      const made = pairOf()
      const settled = db.orderTasks.settle('a', project.mac(), endedAs(order, made), made)
      assert.equal(await settled, 'stale')
      assert.deepEqual(await found(order), plain(order))
      assert.equal((await db.orderTasks.look()).waiting, 1)
      await assertNothingOf(made)
    })

    test('without the project key of any part nothing is written', async () => {
      const order = await placed()
      await claimed('a')
      const gone = Buffer.alloc(8, 3)
      const sound = pairOf()
      const [first, second] = sound.secrets
      assert.ok(first !== undefined && second !== undefined)
      const mac = project.mac(gone)
      const attempts = [
        [{ ...endedAs(order, sound), rowMac: mac }, sound],
        [endedAs(order, sound), { ...sound, container: { ...sound.container, rowMac: mac } }],
        [endedAs(order, sound), { ...sound, secrets: [first, { ...second, rowMac: mac }] }],
        [
          endedAs(order, sound),
          { ...sound, secrets: [first, { ...second, envelope: project.envelope(gone) }] },
        ],
      ] as const
      for (const [ended, made] of attempts) {
        assert.equal(await db.orderTasks.settle('a', order.rowMac, ended, made), 'keyGone')
        assert.deepEqual(await found(order), plain(order))
        await assertNothingOf(made)
      }
      assert.equal((await db.orderTasks.look()).waiting, 1)
    })

    test('a pair of which one part cannot be written is not written at all', async () => {
      const order = await placed()
      await claimed('a')
      const made = pairOf()
      const taken = made.secrets[1] ?? assert.fail()
      await db.secrets.insert(taken)
      await assert.rejects(db.orderTasks.settle('a', order.rowMac, endedAs(order, made), made))
      assert.deepEqual(await found(order), plain(order))
      assert.equal(await db.secrets.find(made.secrets[0]?.id ?? assert.fail()), undefined)
      assert.equal((await db.orderTasks.look()).waiting, 1)
    })

    test('a removed order takes its task along, and what was made for it is thrown away', async () => {
      const order = await placed({}, project.envelope())
      await claimed('a')
      assert.equal(await db.orders.remove(order.id, project.mac(), NOW), 'stale')
      assert.equal((await db.orderTasks.look()).waiting, 1)
      assert.equal(await db.orders.remove(order.id, order.rowMac, NOW), 'changed')
      assert.deepEqual(await db.orderTasks.look(), { waiting: 0, owners: [] })
      assert.equal(await db.orderTasks.order(order.id), undefined)
      const made = pairOf()
      const settled = db.orderTasks.settle('a', order.rowMac, endedAs(order, made), made)
      assert.equal(await settled, 'lost')
      await assertNothingOf(made)
    })
  })
}
