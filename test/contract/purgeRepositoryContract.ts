import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newSecretId } from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import { at, NOW, Project, type RepositoriesUnderTest } from './recordsForRepositories.ts'

const AGE = at('2020-06-01T00:00:00.000000')

/** What every PurgeRepository answers. Its tests want a database of their own: it looks at all projects. */
export function purgeRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`purge repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
    })

    const expiring = async (expiration: Timestamp | null) => {
      const secret = project.secret({ expiration })
      await db.secrets.insert(secret)
      return secret
    }

    test('finds what expired until then, the longest expired first, without those to be skipped', async () => {
      const ids: string[] = []
      for (const day of ['2020-03-01', '2020-01-01', '2020-02-01', '2020-06-01']) {
        ids.push((await expiring(at(`${day}T00:00:00.000000`))).id)
      }
      await expiring(at('2020-06-01T00:00:00.000001'))
      await expiring(null)
      assert.equal(await db.purge.countExpired(AGE), 4)
      const [third, first, second, fourth] = ids
      const inOrder = [first, second, third, fourth]
      assert.deepEqual(await db.purge.expired(AGE, { limit: 10, skipped: 0 }), inOrder)
      assert.deepEqual(await db.purge.expired(AGE, { limit: 2, skipped: 1 }), [second, third])
      assert.deepEqual(await db.purge.expired(AGE, { limit: 2, skipped: 4 }), [])
    })

    test('removes those whose MAC is still the verified one, and counts them', async () => {
      const [one, other, changed] = [await expiring(AGE), await expiring(AGE), await expiring(AGE)]
      await db.secretMetadata.replaceAll(one.id, new Map([['k', 'v']]))
      const removed = await db.purge.removeSecrets(
        [
          one,
          other,
          { id: changed.id, rowMac: project.mac() },
          { id: newSecretId(), rowMac: project.mac() },
        ],
        NOW,
      )
      assert.equal(removed, 2)
      assert.equal(await db.secrets.find(one.id), undefined)
      assert.notEqual(await db.secrets.find(changed.id), undefined)
      const [tombstone] = db.execute('select * from tombstones where id = ?', one.id)
      assert.equal(tombstone?.['deleted_at'], NOW)
      assert.deepEqual(db.execute('select * from tombstones where id = ?', changed.id), [])
    })

    test('a secret that came back keeps the tombstone of its first removal, and what hangs on it goes again', async () => {
      const back = await expiring(AGE)
      await db.purge.removeSecrets([back], at('2020-07-01T00:00:00.000000'))
      await db.secrets.insert(back)
      await db.secretMetadata.replaceAll(back.id, new Map([['k', 'v']]))
      const other = await expiring(AGE)
      assert.equal(await db.purge.removeSecrets([back, other], NOW), 2)
      const times = [back, other].map(({ id }) =>
        db
          .execute('select kind, deleted_at from tombstones where id = ?', id)
          .map((row) => [row['kind'], row['deleted_at']]),
      )
      assert.deepEqual(times, [[['secret', '2020-07-01T00:00:00.000000']], [['secret', NOW]]])
      assert.deepEqual(db.execute('select 1 from secret_metadata where secret_id = ?', back.id), [])
      assert.equal(await db.secrets.find(back.id), undefined)
    })

    test('of nothing to remove nothing is asked', async () => {
      assert.equal(await db.purge.removeSecrets([], NOW), 0)
    })

    test('removes tombstones by age, the oldest first, no more than were asked for', async () => {
      db.execute('delete from tombstones')
      for (const day of ['01', '02', '03', '04']) {
        const secret = await expiring(null)
        await db.secrets.remove(
          secret.id,
          secret.rowMac,
          at(`2020-05-${day}T00:00:00.000000`),
          'remove',
        )
      }
      const until = at('2020-05-03T00:00:00.000000')
      assert.equal(await db.purge.countTombstones(until), 3)
      assert.equal(await db.purge.removeTombstones(until, 2), 2)
      const left = db.execute('select deleted_at from tombstones order by deleted_at')
      assert.deepEqual(
        left.map((row) => row['deleted_at']),
        ['2020-05-03T00:00:00.000000', '2020-05-04T00:00:00.000000'],
      )
      assert.equal(await db.purge.removeTombstones(until, 2), 1)
      assert.equal(await db.purge.removeTombstones(until, 2), 0)
    })
  })
}
