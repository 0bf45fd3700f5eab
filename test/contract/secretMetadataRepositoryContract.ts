import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newSecretId } from '../../src/lib/ids.ts'
import { NOW, Project, type RepositoriesUnderTest } from './recordsForRepositories.ts'

/** What every SecretMetadataRepository answers. */
export function secretMetadataRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`secret metadata repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
    })
    const stored = async () => {
      const secret = project.secret()
      await db.secrets.insert(secret)
      return secret
    }

    test('adds, gets, sets and removes one entry, and leaves the others', async () => {
      const { id } = await stored()
      assert.equal(await db.secretMetadata.add(id, 'colour', 'röt 🔴'), 'changed')
      assert.equal(await db.secretMetadata.add(id, '', ''), 'changed')
      assert.equal(await db.secretMetadata.get(id, 'colour'), 'röt 🔴')
      assert.equal(await db.secretMetadata.get(id, 'Colour'), undefined)
      assert.equal(await db.secretMetadata.set(id, 'colour', 'blue'), 'changed')
      assert.equal(await db.secretMetadata.set(id, 'colour', 'blue'), 'changed')
      await db.secretMetadata.remove(id, 'colour')
      await db.secretMetadata.remove(id, 'colour')
      assert.deepEqual([...(await db.secretMetadata.all(id))], [['', '']])
    })

    test('adding a key that is there changes nothing, setting one that is not is absent', async () => {
      const { id } = await stored()
      await db.secretMetadata.add(id, 'k', 'first')
      assert.equal(await db.secretMetadata.add(id, 'k', 'second'), 'exists')
      assert.equal(await db.secretMetadata.get(id, 'k'), 'first')
      assert.equal(await db.secretMetadata.set(id, 'other', 'v'), 'absent')
      assert.equal(await db.secretMetadata.get(id, 'other'), undefined)
    })

    test('of many who add the same key at once one succeeds', async () => {
      const { id } = await stored()
      const answers = await Promise.all(
        ['a', 'b', 'c', 'd'].map((value) => db.secretMetadata.add(id, 'k', value)),
      )
      assert.deepEqual(answers.toSorted(), ['changed', 'exists', 'exists', 'exists'])
    })

    test('replaces all entries as a whole, down to none', async () => {
      const { id } = await stored()
      await db.secretMetadata.add(id, 'old', 'x')
      const many = new Map(Array.from({ length: 300 }, (_, i) => [`k${i}`, 'v'.repeat(i)]))
      assert.equal(await db.secretMetadata.replaceAll(id, many), 'changed')
      assert.deepEqual(await db.secretMetadata.all(id), many)
      assert.equal(await db.secretMetadata.replaceAll(id, new Map()), 'changed')
      assert.equal((await db.secretMetadata.all(id)).size, 0)
    })

    test('keeps values longer than a row of names, and keys apart by case', async () => {
      const { id } = await stored()
      const entries = new Map([
        ['K', 'upper'],
        ['k', 'lower'],
        ['long', 'x'.repeat(20_000)],
      ])
      await db.secretMetadata.replaceAll(id, entries)
      assert.deepEqual(await db.secretMetadata.all(id), entries)
    })

    test('nothing is written for a secret that is gone', async () => {
      const { id, rowMac } = await stored()
      await db.secrets.remove(id, rowMac, NOW, 'remove')
      for (const absent of [id, newSecretId()]) {
        assert.equal(await db.secretMetadata.add(absent, 'k', 'v'), 'gone')
        assert.equal(await db.secretMetadata.replaceAll(absent, new Map([['k', 'v']])), 'gone')
        assert.equal(await db.secretMetadata.set(absent, 'k', 'v'), 'absent')
        assert.deepEqual([...(await db.secretMetadata.all(absent))], [])
      }
    })

    test('never touches the secret itself', async () => {
      const { id, updatedAt, rowMac } = await stored()
      await db.secretMetadata.replaceAll(id, new Map([['k', 'v']]))
      await db.secretMetadata.set(id, 'k', 'w')
      const secret = await db.secrets.find(id)
      assert.equal(secret?.updatedAt, updatedAt)
      assert.deepEqual(Buffer.from(secret?.rowMac ?? []), Buffer.from(rowMac))
    })
  })
}
