import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newConsumerId, newSecretId } from '../../src/lib/ids.ts'
import type { SecretConsumer } from '../../src/model/secretConsumer.ts'
import {
  at,
  NOW,
  newProjectId,
  Project,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

const LATER = at('2026-11-22T13:00:00.000000')
const NONE = { secrets: null, orders: null, containers: null, consumers: null, cas: null }

/** What every QuotaRepository answers, and how every insert asks for quotas. */
export function quotaRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`quota repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    before(async () => {
      db = await open()
    })

    test('what is given is set, the rest kept; the first time counts as creation', async () => {
      const id = newProjectId()
      assert.equal(await db.quotas.find(id), undefined)
      await db.quotas.set(id, { secrets: 1, cas: -5 }, NOW)
      await db.quotas.set(id, { secrets: 2, orders: 0 }, LATER)
      assert.deepEqual(await db.quotas.find(id), {
        projectId: id,
        quotas: { ...NONE, secrets: 2, orders: 0, cas: -5 },
        createdAt: NOW,
        updatedAt: LATER,
      })
      await db.quotas.set(id, {}, LATER)
      assert.equal((await db.quotas.find(id))?.quotas.secrets, 2)
    })

    test('setting for one project at once loses nothing', async () => {
      const id = newProjectId()
      await Promise.all([
        db.quotas.set(id, { secrets: 1 }, NOW),
        db.quotas.set(id, { orders: 2 }, NOW),
        db.quotas.set(id, { containers: 3 }, NOW),
      ])
      const found = await db.quotas.find(id)
      assert.deepEqual(found?.quotas, { ...NONE, secrets: 1, orders: 2, containers: 3 })
    })

    test('removing answers changed once', async () => {
      const id = newProjectId()
      await db.quotas.set(id, {}, NOW)
      assert.equal(await db.quotas.remove(id), 'changed')
      assert.equal(await db.quotas.remove(id), 'gone')
      assert.equal(await db.quotas.find(id), undefined)
    })

    test('lists by creation, pages and counts', async () => {
      const fresh = await open()
      const ids = [newProjectId(), newProjectId(), newProjectId()]
      for (const [i, id] of ids.entries()) {
        await fresh.quotas.set(id, {}, at(`2026-01-0${3 - i}T00:00:00.000000`))
      }
      const all = await fresh.quotas.list({ limit: 10, offset: 0 })
      assert.deepEqual(
        all.items.map(({ projectId }) => projectId),
        ids.toReversed(),
      )
      const page = await fresh.quotas.list({ limit: 1, offset: 1 })
      assert.deepEqual([page.items[0]?.projectId, page.total], [ids[1], 3])
      const beyond = await fresh.quotas.list({ limit: 1, offset: Number.MAX_SAFE_INTEGER })
      assert.deepEqual(beyond, { items: [], total: 3 })
    })

    /** One more of each resource of a project; the answer of the repository. */
    const secretConsumerOf = async (project: Project): Promise<SecretConsumer> => {
      const secret = project.secret()
      await db.secrets.insert(secret)
      return {
        id: newConsumerId(),
        secretId: secret.id,
        projectId: project.id,
        service: 's',
        resourceType: 't',
        resourceId: newSecretId(),
        createdAt: NOW,
        updatedAt: NOW,
      }
    }
    const containerConsumerOf = async (project: Project, by: Project) => {
      const container = project.container()
      await db.containers.insert(container, NOW)
      return by.consumer(container.id)
    }
    type AddOne = (project: Project, defaultQuota?: number) => Promise<unknown>
    const adding: readonly (readonly [
      'secrets' | 'orders' | 'containers' | 'consumers',
      string,
      AddOne,
    ])[] = [
      ['secrets', 'inserted', (p, quota) => db.secrets.insert(p.secret(), quota)],
      ['orders', 'placed', (p, quota) => db.orders.place(p.order(), undefined, undefined, quota)],
      ['containers', 'inserted', (p, quota) => db.containers.insert(p.container(), NOW, quota)],
      [
        'consumers',
        'added',
        async (p, quota) => db.secretConsumers.add(await secretConsumerOf(p), quota),
      ],
      [
        'consumers',
        'added',
        async (p, quota) => db.containerConsumers.add(await containerConsumerOf(p, p), quota),
      ],
    ]
    for (const [index, [resource, added, add]] of adding.entries()) {
      const what = `${resource} (${index})`
      test(`${what}: twenty at once under a default of 7 are 7`, async () => {
        const project = await Project.make(db)
        const answers = await Promise.all(Array.from({ length: 20 }, () => add(project, 7)))
        assert.equal(answers.filter((answer) => answer === added).length, 7)
        const refused = answers.filter((answer) => answer !== added)
        assert.deepEqual(
          refused,
          Array.from({ length: 13 }, () => ({ quotaReached: 7 })),
        )
      })

      test(`${what}: the quota of the project counts before the default, in both directions`, async () => {
        const project = await Project.make(db)
        await db.quotas.set(project.id, { [resource]: 1 }, NOW)
        assert.equal(await add(project, -1), added)
        assert.deepEqual(await add(project, -1), { quotaReached: 1 })
        await db.quotas.set(project.id, { [resource]: -1 }, NOW)
        assert.equal(await add(project, 0), added)
        await db.quotas.remove(project.id)
        assert.deepEqual(await add(project, 2), { quotaReached: 2 })
      })

      test(`${what}: asked without a default, nothing is counted`, async () => {
        const project = await Project.make(db)
        await db.quotas.set(project.id, { [resource]: 0 }, NOW)
        assert.equal(await add(project), added)
      })
    }

    test('a consumer counts where it was registered from, not where its container is', async () => {
      const [owner, guest] = [await Project.make(db), await Project.make(db)]
      await db.quotas.set(owner.id, { consumers: 0 }, NOW)
      await db.quotas.set(guest.id, { consumers: 1 }, NOW)
      const answers = [
        await db.containerConsumers.add(await containerConsumerOf(owner, owner), -1),
        await db.containerConsumers.add(await containerConsumerOf(owner, guest), -1),
        await db.containerConsumers.add(await containerConsumerOf(owner, guest), -1),
      ]
      assert.deepEqual(answers, [{ quotaReached: 0 }, 'added', { quotaReached: 1 }])
    })

    test('a secret that has expired needs no room', async () => {
      const project = await Project.make(db)
      const expired = project.secret({ expiration: at('2026-11-22T12:00:00.000000') })
      await db.secrets.insert(expired)
      assert.equal(await db.secrets.insert(project.secret({ createdAt: NOW }), 1), 'inserted')
      const alive = project.secret({ createdAt: NOW })
      assert.deepEqual(await db.secrets.insert(alive, 1), { quotaReached: 1 })
      assert.equal(await db.secrets.find(alive.id), undefined)
    })

    test('an order that is refused takes its secret along', async () => {
      const project = await Project.make(db)
      const secret = project.secret()
      const order = project.order({ secretId: secret.id })
      assert.deepEqual(await db.orders.place(order, secret, undefined, 0), { quotaReached: 0 })
      assert.equal(await db.secrets.find(secret.id), undefined)
    })
  })
}
