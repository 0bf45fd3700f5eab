import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newTransportKeyId } from '../../src/lib/ids.ts'
import type { TransportKey } from '../../src/model/transportKey.ts'
import { at, type RepositoriesUnderTest } from './recordsForRepositories.ts'

/** What every TransportKeyRepository answers. */
export function transportKeyRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`transport key repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    before(async () => {
      db = await open()
    })

    const keyOf = (changes: Partial<TransportKey> = {}): TransportKey => ({
      id: newTransportKeyId(),
      pluginName: 'dogtag',
      transportKey: 'Ü'.repeat(10_000),
      createdAt: at('2026-01-01T00:00:00.000000'),
      updatedAt: at('2026-01-02T00:00:00.000001'),
      ...changes,
    })

    test('a key is found as it was inserted, and removed once', async () => {
      const key = keyOf()
      await db.transportKeys.insert(key)
      assert.deepEqual(await db.transportKeys.find(key.id), key)
      assert.equal(await db.transportKeys.remove(key.id), 'changed')
      assert.equal(await db.transportKeys.remove(key.id), 'gone')
      assert.equal(await db.transportKeys.find(key.id), undefined)
    })

    test('lists by creation and id, pages, counts, and compares plugins to the letter', async () => {
      const keys = Array.from({ length: 6 }, (_, i) =>
        keyOf({
          pluginName: i < 4 ? 'listed_%' : 'Listed_%',
          createdAt: at(`2026-03-0${(i % 2) + 1}T00:00:00.000000`),
        }),
      )
      for (const key of keys) await db.transportKeys.insert(key)
      const sorted = keys
        .slice(0, 4)
        .toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
      const query = { pluginName: 'listed_%', limit: 10, offset: 0 }
      assert.deepEqual(await db.transportKeys.list(query), { items: sorted, total: 4 })
      const page = await db.transportKeys.list({ ...query, limit: 2, offset: 3 })
      assert.deepEqual(page, { items: sorted.slice(3), total: 4 })
      const all = await db.transportKeys.list({ limit: 100, offset: 0 })
      assert.equal(all.total, 6)
    })
  })
}
