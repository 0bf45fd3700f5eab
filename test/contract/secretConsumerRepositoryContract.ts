import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newConsumerId, newSecretId, type SecretId } from '../../src/lib/ids.ts'
import type { SecretConsumer } from '../../src/model/secretConsumer.ts'
import {
  at,
  NOW,
  newProjectId,
  Project,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

const MORE_THAN_ANY_PAGE = 250

/** What every SecretConsumerRepository answers, and what becomes of consumers when their secret goes. */
export function secretConsumerRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`secret consumer repository: ${name}`, () => {
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
    const consumer = (
      secretId: SecretId,
      changes: Partial<SecretConsumer> = {},
    ): SecretConsumer => ({
      id: newConsumerId(),
      secretId,
      service: 'cinder',
      resourceType: 'volume',
      resourceId: 'v',
      projectId: project.id,
      createdAt: at('2026-11-22T13:00:00.000000'),
      updatedAt: at('2026-11-22T13:00:00.000000'),
      ...changes,
    })
    const many = async (secretId: SecretId, count: number) => {
      const all = Array.from({ length: count }, (_, index) =>
        consumer(secretId, {
          resourceId: `v${index}`,
          createdAt: at(`2026-11-22T13:00:00.${String(index).padStart(6, '0')}`),
        }),
      )
      // Added in another order than that of their times.
      for (const each of all.toReversed()) assert.equal(await db.secretConsumers.add(each), 'added')
      return all
    }
    const ofSecret = async (id: SecretId) =>
      (await db.secretConsumers.ofSecrets([id])).get(id) ?? []

    test('finds what was added, to the byte, under its secret alone', async () => {
      const [{ id }, other] = [await stored(), await stored()]
      const added = consumer(id, {
        service: 'Ünïcode 🔑 "\\ %_',
        resourceType: ' ',
        resourceId: 'x',
      })
      assert.equal(await db.secretConsumers.add(added), 'added')
      assert.deepEqual(await db.secretConsumers.find(id, added.id), added)
      assert.deepEqual(await ofSecret(id), [added])
      assert.equal(await db.secretConsumers.find(other.id, added.id), undefined)
      assert.equal(await db.secretConsumers.find(id, newConsumerId()), undefined)
      assert.deepEqual(await ofSecret(other.id), [])
    })

    test('a new one moves `updatedAt` of the secret to its own time and leaves the MAC', async () => {
      const { id, rowMac } = await stored()
      await db.secretConsumers.add(consumer(id))
      const secret = await db.secrets.find(id)
      assert.equal(secret?.updatedAt, at('2026-11-22T13:00:00.000000'))
      assert.deepEqual(Buffer.from(secret?.rowMac ?? []), Buffer.from(rowMac))
    })

    test('one that is there already stays as it was, and so does the secret', async () => {
      const { id } = await stored()
      const first = consumer(id)
      await db.secretConsumers.add(first)
      const later = at('2026-11-22T14:00:00.000000')
      const again = consumer(id, { projectId: newProjectId(), createdAt: later, updatedAt: later })
      assert.equal(await db.secretConsumers.add(again), 'present')
      assert.deepEqual(await ofSecret(id), [first])
      assert.equal((await db.secrets.find(id))?.updatedAt, first.createdAt)
    })

    test('of many who add the same at once one does', async () => {
      const { id } = await stored()
      const answers = await Promise.all([1, 2, 3].map(() => db.secretConsumers.add(consumer(id))))
      assert.deepEqual(answers.toSorted(), ['added', 'present', 'present'])
      assert.equal((await ofSecret(id)).length, 1)
    })

    test('names that run together differently are two consumers, and so are two cases', async () => {
      const { id } = await stored()
      const names = [
        ['ab', 'c', 'd'],
        ['a', 'bc', 'd'],
        ['a', 'b', 'cd'],
        ['A', 'b', 'cd'],
        ['a', 'b ', 'cd'],
      ]
      for (const [service = '', resourceType = '', resourceId = ''] of names) {
        const each = consumer(id, { service, resourceType, resourceId })
        assert.equal(await db.secretConsumers.add(each), 'added')
      }
    })

    test('keeps names of 255 characters of four bytes', async () => {
      const { id } = await stored()
      const long = '🔑'.repeat(255)
      const added = consumer(id, { service: long, resourceType: long, resourceId: long })
      assert.equal(await db.secretConsumers.add(added), 'added')
      assert.deepEqual(await ofSecret(id), [added])
    })

    test('lists pages by creation, then id, each with the count of all', async () => {
      const { id } = await stored()
      const all = await many(id, 7)
      for (const [limit, offset] of [
        [100, 0],
        [3, 0],
        [3, 3],
        [3, 6],
        [3, 9],
        [7, 0],
        [1, Number.MAX_SAFE_INTEGER],
      ] as const) {
        const page = await db.secretConsumers.list(id, { limit, offset })
        assert.deepEqual(page, { items: all.slice(offset, offset + limit), total: 7 })
      }
      const none = await db.secretConsumers.list(newSecretId(), { limit: 3, offset: 0 })
      assert.deepEqual(none, { items: [], total: 0 })
    })

    test('consumers of one time are in the order of their ids', async () => {
      const { id } = await stored()
      const all = ['a', 'b', 'c'].map((resourceId) => consumer(id, { resourceId }))
      for (const each of all) await db.secretConsumers.add(each)
      const inOrder = all.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      assert.deepEqual(await ofSecret(id), inOrder)
      const page = await db.secretConsumers.list(id, { limit: 10, offset: 0 })
      assert.deepEqual(page.items, inOrder)
    })

    test('brings all consumers of several secrets, each to its own', async () => {
      const secrets = await Promise.all([1, 2, 3, 4, 5].map(stored))
      const [first, , third] = secrets
      const ofFirst = await many(first?.id ?? newSecretId(), MORE_THAN_ANY_PAGE)
      const ofThird = await many(third?.id ?? newSecretId(), 2)
      const found = await db.secretConsumers.ofSecrets(secrets.map(({ id }) => id))
      assert.equal(found.size, 2)
      assert.deepEqual(found.get(first?.id ?? newSecretId()), ofFirst)
      assert.deepEqual(found.get(third?.id ?? newSecretId()), ofThird)
      assert.equal((await db.secretConsumers.ofSecrets([])).size, 0)
      assert.equal((await db.secretConsumers.ofSecrets([newSecretId()])).size, 0)
    })

    test('removes the one that is named, once', async () => {
      const { id } = await stored()
      const [, second] = await many(id, 2)
      const name = { service: 'cinder', resourceType: 'volume', resourceId: 'v0' }
      assert.equal(await db.secretConsumers.remove(id, name, undefined), 'removed')
      assert.equal(await db.secretConsumers.remove(id, name, undefined), 'absent')
      assert.deepEqual(await ofSecret(id), [second])
      assert.equal(await db.secretConsumers.remove(newSecretId(), name, undefined), 'absent')
    })

    test('one that another project registered stays, unless anybody may', async () => {
      const { id } = await stored()
      const registrar = newProjectId()
      const added = consumer(id, { projectId: registrar })
      await db.secretConsumers.add(added)
      assert.equal(await db.secretConsumers.remove(id, added, project.id), 'foreign')
      assert.deepEqual(await ofSecret(id), [added])
      assert.equal(await db.secretConsumers.remove(id, added, registrar), 'removed')
      await db.secretConsumers.add(added)
      assert.equal(await db.secretConsumers.remove(id, added, undefined), 'removed')
    })

    test('nothing is added to a secret that is gone', async () => {
      const { id, rowMac } = await stored()
      await db.secrets.remove(id, rowMac, NOW, 'remove')
      for (const absent of [id, newSecretId()]) {
        assert.equal(await db.secretConsumers.add(consumer(absent)), 'gone')
        assert.deepEqual(await ofSecret(absent), [])
      }
    })

    test('a secret that is removed takes all of them with it', async () => {
      const [{ id, rowMac }, other] = [await stored(), await stored()]
      await many(id, MORE_THAN_ANY_PAGE)
      const [kept] = await many(other.id, 1)
      assert.equal(await db.secrets.remove(id, rowMac, NOW, 'remove'), 'changed')
      assert.deepEqual(await ofSecret(id), [])
      assert.deepEqual(await ofSecret(other.id), [kept])
    })

    test('a secret that has one is not removed when that is refused, and loses nothing', async () => {
      const secret = project.secret({ acl: null })
      await db.secrets.insert(secret)
      await db.secretMetadata.add(secret.id, 'k', 'v')
      const added = consumer(secret.id)
      await db.secretConsumers.add(added)
      const remove = () => db.secrets.remove(secret.id, secret.rowMac, NOW, 'refuse')
      assert.equal(await remove(), 'consumed')
      assert.ok((await db.secrets.find(secret.id)) !== undefined)
      assert.equal((await db.secretMetadata.all(secret.id)).size, 1)
      await db.secretConsumers.remove(secret.id, added, undefined)
      assert.equal(await remove(), 'changed')
    })

    test('a secret that changed is stale before it is consumed, one that went is gone', async () => {
      const { id, rowMac } = await stored()
      await db.secretConsumers.add(consumer(id))
      assert.equal(await db.secrets.remove(id, project.mac(), NOW, 'refuse'), 'stale')
      assert.equal(await db.secrets.remove(id, rowMac, NOW, 'remove'), 'changed')
      assert.equal(await db.secrets.remove(id, rowMac, NOW, 'refuse'), 'gone')
    })

    test('of adding one and removing the unconsumed secret at once, one is too late', async () => {
      for (let round = 0; round < 10; round += 1) {
        const { id, rowMac } = await stored()
        const add = () => db.secretConsumers.add(consumer(id))
        const remove = () => db.secrets.remove(id, rowMac, NOW, 'refuse')
        const answers = await Promise.all(round % 2 === 0 ? [add(), remove()] : [remove(), add()])
        const both = answers.toSorted().join(' and ')
        assert.ok(['added and consumed', 'changed and gone'].includes(both), both)
      }
    })
  })
}
