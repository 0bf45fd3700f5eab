import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newConsumerId, newContainerId } from '../../src/lib/ids.ts'
import type { Container } from '../../src/model/container.ts'
import {
  at,
  NOW,
  Project,
  plain,
  type RepositoriesUnderTest,
  type WithMac,
} from './recordsForRepositories.ts'

const LATER = at('2026-11-22T13:00:00.000000')

/** What every ContainerConsumerRepository answers. */
export function containerConsumerRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`container consumer repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    let stranger: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
      stranger = await Project.make(db)
    })

    async function aContainer(): Promise<WithMac<Container>> {
      const container = project.container()
      await db.containers.insert(container, NOW)
      return container
    }

    test('one that was added is found, only below its container', async () => {
      const [{ id }, other] = [await aContainer(), await aContainer()]
      const consumer = stranger.consumer(id, { name: 'Ü"\\', url: "https://x/'%ü" })
      assert.equal(await db.containerConsumers.add(consumer), 'added')
      assert.deepEqual(await db.containerConsumers.find(id, consumer.id), consumer)
      assert.equal(await db.containerConsumers.find(other.id, consumer.id), undefined)
      assert.equal(await db.containerConsumers.find(id, newConsumerId()), undefined)
      assert.deepEqual(await db.containerConsumers.namesOf(id), [
        { name: consumer.name, url: consumer.url },
      ])
    })

    test("the first addition moves the container's `updatedAt` and nothing else; the second changes nothing", async () => {
      const container = await aContainer()
      const first = project.consumer(container.id, { createdAt: LATER, updatedAt: LATER })
      assert.equal(await db.containerConsumers.add(first), 'added')
      const moved = { ...container, updatedAt: LATER }
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(moved))

      const latest = at('2026-11-22T14:00:00.000000')
      const second = stranger.consumer(container.id, { createdAt: latest, updatedAt: latest })
      assert.equal(await db.containerConsumers.add(second), 'present')
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(moved))
      const { items } = await db.containerConsumers.list({
        containerId: container.id,
        limit: 10,
        offset: 0,
      })
      assert.deepEqual(items, [first])
    })

    test('of two equal additions at once one is added, of different ones both (Q32)', async () => {
      const { id } = await aContainer()
      const add = (given: string, url: string) =>
        db.containerConsumers.add(project.consumer(id, { name: given, url }))
      const outcomes = await Promise.all([add('ab', 'c'), add('ab', 'c'), add('a', 'bc')])
      assert.deepEqual(outcomes.toSorted(), ['added', 'added', 'present'])
      assert.equal((await db.containerConsumers.namesOf(id)).length, 2)
    })

    test('names differ by case, and by every code point', async () => {
      const { id } = await aContainer()
      for (const given of ['octavia', 'Octavia', 'óctavia', 'octavia ']) {
        assert.equal(
          await db.containerConsumers.add(project.consumer(id, { name: given })),
          'added',
        )
      }
    })

    test('a container that went takes no consumer', async () => {
      const container = await aContainer()
      await db.containers.remove(container.id, container.rowMac, NOW)
      for (const id of [container.id, newContainerId()]) {
        assert.equal(await db.containerConsumers.add(project.consumer(id)), 'gone')
        assert.deepEqual(await db.containerConsumers.namesOf(id), [])
      }
    })

    test('removed by whoever may, absent afterwards, and free to be added again', async () => {
      const { id } = await aContainer()
      const consumer = stranger.consumer(id)
      await db.containerConsumers.add(consumer)
      const remove = (by: Project | undefined, url = consumer.url) =>
        db.containerConsumers.remove(id, { name: consumer.name, url }, by?.id)
      assert.equal(await remove(project), 'foreign')
      assert.equal(await remove(stranger, 'https://other'), 'absent')
      assert.equal((await db.containerConsumers.namesOf(id)).length, 1)
      assert.equal(await remove(stranger), 'removed')
      assert.equal(await remove(stranger), 'absent')
      assert.equal(await remove(undefined), 'absent')
      assert.equal(await db.containerConsumers.add(stranger.consumer(id)), 'added')
      assert.equal(await remove(undefined), 'removed')
      assert.deepEqual(await db.containerConsumers.namesOf(id), [])
    })

    test('removing leaves the same consumer of another container alone', async () => {
      const [one, two] = [await aContainer(), await aContainer()]
      await db.containerConsumers.add(project.consumer(one.id))
      const kept = project.consumer(two.id)
      await db.containerConsumers.add(kept)
      await db.containerConsumers.remove(one.id, kept, undefined)
      assert.deepEqual(await db.containerConsumers.find(two.id, kept.id), kept)
    })

    test('lists by name and URL, pages and counts', async () => {
      const { id } = await aContainer()
      const consumers = Array.from({ length: 12 }, (_, i) =>
        project.consumer(id, { name: `n${11 - (i >> 1)}`, url: `u${i}` }),
      )
      for (const consumer of consumers) await db.containerConsumers.add(consumer)
      const sorted = consumers.toSorted((a, b) => (a.name + a.url < b.name + b.url ? -1 : 1))
      const query = { containerId: id, limit: 100, offset: 0 }
      const all = await db.containerConsumers.list(query)
      assert.deepEqual(all, { items: sorted, total: 12 })
      const page = await db.containerConsumers.list({ ...query, limit: 5, offset: 4 })
      assert.deepEqual(page, { items: sorted.slice(4, 9), total: 12 })
      const beyond = await db.containerConsumers.list({
        ...query,
        offset: Number.MAX_SAFE_INTEGER,
      })
      assert.deepEqual(beyond, { items: [], total: 12 })
      assert.deepEqual(
        await db.containerConsumers.namesOf(id),
        sorted.map((consumer) => ({ name: consumer.name, url: consumer.url })),
      )
    })
  })
}
