import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { SecretStoreRepository } from '../../src/domain/ports/projectRepositories.ts'
import { newSecretStoreId } from '../../src/lib/ids.ts'
import { at, NOW, newProjectId } from './recordsForRepositories.ts'

const LATER = at('2026-11-23T12:00:00.000000')

/** What every SecretStoreRepository answers. `open` gives an empty one each time. */
export function secretStoreRepositoryContract(
  name: string,
  open: () => Promise<SecretStoreRepository>,
): void {
  const aStore = (suffix: string, isGlobalDefault = false, createdAt = NOW) => ({
    id: newSecretStoreId(),
    suffix,
    isGlobalDefault,
    createdAt,
  })

  describe(`secret store repository: ${name}`, () => {
    let stores: SecretStoreRepository
    const [a, b] = [aStore('a', true), aStore('b')]
    before(async () => {
      stores = await open()
      assert.deepEqual(await stores.list(), [])
      assert.deepEqual(await stores.synchronize([a, b]), [])
    })

    test('keeps what was declared, and finds it by id', async () => {
      const rows = [a, b].map((store) => ({ ...store, updatedAt: NOW }))
      assert.deepEqual(await stores.list(), rows)
      assert.deepEqual(await stores.find(b.id), rows[1])
      assert.equal(await stores.find(newSecretStoreId()), undefined)
    })

    test('ids stay when the same is declared again, and nothing moves', async () => {
      const before = await stores.list()
      await stores.synchronize([aStore('b', false, LATER), aStore('a', true, LATER)])
      assert.deepEqual(await stores.list(), before)
    })

    test('of ten nodes that declare at once all see the same ids', async () => {
      const fresh = await open()
      await Promise.all(
        Array.from({ length: 10 }, () => fresh.synchronize([aStore('x', true), aStore('y')])),
      )
      const rows = await fresh.list()
      assert.deepEqual(
        rows.map(({ suffix }) => suffix),
        ['x', 'y'],
      )
    })

    test('a changed global default moves the time of change of both, and of no other', async () => {
      const fresh = await open()
      await fresh.synchronize([aStore('a', true), aStore('b'), aStore('c')])
      await fresh.synchronize([
        aStore('a', false, LATER),
        aStore('b', true, LATER),
        aStore('c', false, LATER),
      ])
      const rows = await fresh.list()
      assert.deepEqual(
        rows.map(({ suffix, isGlobalDefault, createdAt, updatedAt }) => ({
          suffix,
          isGlobalDefault,
          times: [createdAt, updatedAt],
        })),
        [
          { suffix: 'a', isGlobalDefault: false, times: [NOW, LATER] },
          { suffix: 'b', isGlobalDefault: true, times: [NOW, LATER] },
          { suffix: 'c', isGlobalDefault: false, times: [NOW, NOW] },
        ],
      )
    })

    test('a store that vanished goes, and comes back under another id', async () => {
      const fresh = await open()
      const gone = aStore('b')
      await fresh.synchronize([aStore('a', true), gone])
      await fresh.synchronize([aStore('a', true)])
      assert.equal(await fresh.find(gone.id), undefined)
      await fresh.synchronize([aStore('a', true), aStore('b')])
      const [, back] = await fresh.list()
      assert.equal(back?.suffix, 'b')
      assert.notEqual(back?.id, gone.id)
    })

    test('a store that projects prefer does not vanish: it is named, and nothing is changed', async () => {
      const fresh = await open()
      const kept = aStore('kept')
      await fresh.synchronize([aStore('a', true), kept, aStore('unloved')])
      const projects = [newProjectId(), newProjectId()]
      for (const projectId of projects) await fresh.prefer(projectId, kept.id, NOW)
      const before = await fresh.list()
      assert.deepEqual(await fresh.synchronize([aStore('new', true)]), [
        { suffix: 'kept', projects: 2 },
      ])
      assert.deepEqual(await fresh.list(), before)
      for (const projectId of projects) await fresh.removePreference(projectId)
      assert.deepEqual(await fresh.synchronize([aStore('new', true)]), [])
      assert.deepEqual(
        (await fresh.list()).map(({ suffix }) => suffix),
        ['new'],
      )
    })

    test('a preference is set, replaced and removed, for its project alone', async () => {
      const [projectId, other] = [newProjectId(), newProjectId()]
      assert.equal(await stores.preferredBy(projectId), undefined)
      assert.equal(await stores.removePreference(projectId), 'absent')
      assert.equal(await stores.prefer(projectId, a.id, NOW), 'changed')
      assert.equal((await stores.preferredBy(projectId))?.suffix, 'a')
      assert.equal(await stores.prefer(projectId, b.id, LATER), 'changed')
      assert.equal((await stores.preferredBy(projectId))?.suffix, 'b')
      assert.equal(await stores.preferredBy(other), undefined)
      assert.equal(await stores.removePreference(other), 'absent')
      assert.equal(await stores.removePreference(projectId), 'changed')
      assert.equal(await stores.preferredBy(projectId), undefined)
    })

    test('a store that does not exist cannot be preferred', async () => {
      const projectId = newProjectId()
      assert.equal(await stores.prefer(projectId, newSecretStoreId(), NOW), 'gone')
      assert.equal(await stores.preferredBy(projectId), undefined)
    })

    test('of many preferences at once one is in force', async () => {
      const projectId = newProjectId()
      const ids = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? a.id : b.id))
      const outcomes = await Promise.all(ids.map((id) => stores.prefer(projectId, id, NOW)))
      assert.deepEqual(new Set(outcomes), new Set(['changed']))
      const preferred = await stores.preferredBy(projectId)
      assert.ok(preferred?.id === a.id || preferred?.id === b.id)
      assert.equal(await stores.removePreference(projectId), 'changed')
      assert.equal(await stores.removePreference(projectId), 'absent')
    })
  })
}
