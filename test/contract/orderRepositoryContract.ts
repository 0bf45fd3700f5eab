import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newOrderId } from '../../src/lib/ids.ts'
import {
  aQuery,
  at,
  NOW,
  Project,
  plain,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

/** What every OrderRepository answers. */
export function orderRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`order repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
    })

    test('an order and its secret are placed together and found to the byte', async () => {
      const secret = project.secret()
      const order = project.order({
        secretId: secret.id,
        meta: { name: 'Ü', deep: [1, { a: null }] },
      })
      assert.equal(await db.orders.place(order, secret), 'placed')
      assert.deepEqual(plain(await db.orders.find(project.id, order.id)), plain(order))
      assert.deepEqual(plain(await db.secrets.find(secret.id)), plain(secret))
    })

    test('meta is stored as JSON.stringify writes it, keys in their order', async () => {
      const meta = { z: 1, a: 'é\u2028', n: null, list: [true, 1.5] }
      const order = project.order({ meta })
      await db.orders.place(order, undefined)
      const [row] = db.execute('select meta from orders where id = ?', order.id)
      assert.equal(row?.['meta'], JSON.stringify(meta))
      const found = await db.orders.find(project.id, order.id)
      assert.equal(JSON.stringify(found?.meta), JSON.stringify(meta))
    })

    test('a failed order keeps its error and has no secret', async () => {
      const order = project.order({
        status: 'ERROR',
        subStatus: null,
        subStatusMessage: null,
        errorStatusCode: '400',
        errorReason: 'r'.repeat(255),
        creatorId: null,
      })
      assert.equal(await db.orders.place(order, undefined), 'placed')
      assert.deepEqual(plain(await db.orders.find(project.id, order.id)), plain(order))
    })

    test('a foreign order is not found', async () => {
      const order = project.order()
      await db.orders.place(order, undefined)
      const stranger = await Project.make(db)
      assert.equal(await db.orders.find(stranger.id, order.id), undefined)
      assert.equal(await db.orders.find(project.id, newOrderId()), undefined)
    })

    test('without its keys neither the order nor its secret is written', async () => {
      const gone = Buffer.alloc(8, 3)
      const placed = [
        [{ ...project.order(), rowMac: project.mac(gone) }, project.secret()],
        [project.order(), { ...project.secret(), rowMac: project.mac(gone) }],
        [project.order(), project.secret({ envelope: project.envelope(gone) })],
      ] as const
      for (const [order, secret] of placed) {
        assert.equal(await db.orders.place(order, secret), 'keyGone')
        assert.equal(await db.orders.find(project.id, order.id), undefined)
        assert.equal(await db.secrets.find(secret.id), undefined)
      }
    })

    test('an order whose secret cannot be written is not placed', async () => {
      const taken = project.secret()
      await db.secrets.insert(taken)
      const order = project.order({ secretId: taken.id })
      await assert.rejects(db.orders.place(order, taken))
      assert.equal(await db.orders.find(project.id, order.id), undefined)
    })

    test('a secret whose order cannot be written is not kept', async () => {
      const taken = project.order()
      await db.orders.place(taken, undefined)
      const secret = project.secret()
      await assert.rejects(db.orders.place({ ...taken, secretId: secret.id }, secret))
      assert.equal(await db.secrets.find(secret.id), undefined)
      assert.deepEqual(plain(await db.orders.find(project.id, taken.id)), plain(taken))
    })

    test('lists a project by creation and id, pages, counts, and finds text in meta', async () => {
      const owner = await Project.make(db)
      const orders = Array.from({ length: 7 }, (_, i) =>
        owner.order({
          createdAt: at(`2026-01-01T00:00:00.00000${i % 2}`),
          meta: { name: i < 3 ? 'Key%_' : 'volume', algorithm: 'aes' },
        }),
      )
      await Promise.all(orders.map((order) => db.orders.place(order, undefined)))
      const foreign = project.order()
      await db.orders.place(foreign, undefined)
      const inOrder = orders.toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
      const sorted = inOrder.map((order) => plain(order))

      const all = await db.orders.list({ projectId: owner.id, limit: 100, offset: 0 })
      assert.deepEqual(
        all.items.map((order) => plain({ ...order })),
        sorted,
      )
      assert.equal(all.total, 7)
      const page = await db.orders.list({ projectId: owner.id, limit: 3, offset: 5 })
      assert.deepEqual(
        page.items.map((order) => plain(order)),
        sorted.slice(5),
      )
      assert.equal(page.total, 7)
      for (const [index, { id }] of inOrder.entries()) {
        const after = { projectId: owner.id, limit: 2, offset: 0, marker: id }
        const rest = await db.orders.list(after)
        assert.deepEqual(
          rest.items.map((order) => plain(order)),
          sorted.slice(index + 1, index + 3),
        )
        assert.equal(rest.total, 7)
        const filtered = await db.orders.list({ ...after, meta: 'no such text' })
        assert.deepEqual(filtered, { items: [], total: 0 })
      }
      for (const marker of [newOrderId(), foreign.id])
        assert.deepEqual(
          await db.orders.list({ projectId: owner.id, limit: 100, offset: 0, marker }),
          { items: [], total: 7 },
        )
      for (const [meta, total] of [
        ['Key%_', 3],
        ['"aes"', 7],
        ['%', 3],
        ['k_y', 0],
        ['{"name":"volume"', 4],
      ] as const) {
        const found = await db.orders.list({ projectId: owner.id, limit: 1, offset: 0, meta })
        assert.equal(found.total, total, meta)
        assert.equal(found.items.length, Math.min(1, total))
      }
    })

    test('remove answers changed, stale, gone, leaves a tombstone, and lets the secret live', async () => {
      const secret = project.secret()
      const order = project.order({ secretId: secret.id })
      await db.orders.place(order, secret)
      assert.equal(await db.orders.remove(order.id, project.mac(), NOW), 'stale')
      const answers = await Promise.all([
        db.orders.remove(order.id, order.rowMac, NOW),
        db.orders.remove(order.id, order.rowMac, NOW),
      ])
      assert.deepEqual(answers.toSorted(), ['changed', 'gone'])
      assert.equal(await db.orders.find(project.id, order.id), undefined)
      assert.notEqual(await db.secrets.find(secret.id), undefined)
      const [tombstone] = db.execute('select * from tombstones where id = ?', order.id)
      assert.equal(tombstone?.['kind'], 'order')
      assert.equal(tombstone?.['deleted_at'], NOW)
    })

    test('an order keeps naming the secret that was deleted since', async () => {
      const secret = project.secret()
      const order = project.order({ secretId: secret.id })
      await db.orders.place(order, secret)
      await db.secrets.remove(secret.id, secret.rowMac, NOW, 'remove')
      assert.equal((await db.orders.find(project.id, order.id))?.secretId, secret.id)
      const listed = await db.secrets.list(aQuery(project))
      assert.ok(listed.items.every(({ id }) => id !== secret.id))
    })
  })
}
