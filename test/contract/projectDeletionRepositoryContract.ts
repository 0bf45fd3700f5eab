import assert from 'node:assert/strict'
import { before, beforeEach, describe, test } from 'node:test'
import type { DeletionSource, Lease } from '../../src/domain/ports/projectDeletions.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import type { Timestamp } from '../../src/lib/timestamp.ts'
import type { SecretConsumer } from '../../src/model/secretConsumer.ts'
import {
  aMember,
  anAcl,
  aProjectKey,
  at,
  NOW,
  newProjectId,
  Project,
  type RepositoriesUnderTest,
} from './recordsForRepositories.ts'

const LATER = at('2026-11-22T13:00:00.000000')
const NEXT_DAY = at('2026-11-23T12:00:00.000000')
const FOREVER = at('9999-01-01T00:00:00.000000')

const lease = (owner: string, now: Timestamp = NOW, until: Timestamp = LATER): Lease => ({
  owner,
  now,
  until,
})

/** Every table with rows that belong to a project. */
const LIVE = [
  ...['secrets', 'containers', 'orders', 'project_keys', 'project_quotas', 'quota_locks'],
  ...['preferred_secret_stores', 'secret_consumers', 'container_consumers'],
]

/** What every ProjectDeletionRepository answers. Its tests want a database of their own: what is due is due for all. */
export function projectDeletionRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`project deletion repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    before(async () => {
      db = await open()
    })
    beforeEach(() => {
      db.execute('delete from projects')
    })

    const note = (
      projectId: ProjectId,
      source: DeletionSource = 'notification',
      notBefore: Timestamp = NOW,
    ) => db.deletions.note(projectId, { source, now: NOW, notBefore })
    const stateOf = (id: ProjectId) =>
      db.execute('select state from projects where project_id = ?', id)[0]?.['state']
    const rowsOf = (table: string, id: ProjectId): number =>
      Number(
        db.execute(`select count(*) as total from ${table} where project_id = ?`, id)[0]?.['total'],
      )
    const leftOf = (id: ProjectId) => LIVE.filter((table) => rowsOf(table, id) > 0)

    const consumerOf = (secretId: string, projectId: ProjectId): SecretConsumer =>
      ({
        id: crypto.randomUUID(),
        secretId,
        service: 'volume',
        resourceType: 'volume',
        resourceId: crypto.randomUUID(),
        projectId,
        createdAt: NOW,
        updatedAt: NOW,
      }) as unknown as SecretConsumer

    const prefer = async (projectId: ProjectId): Promise<void> => {
      const id = crypto.randomUUID()
      db.execute(
        'insert into secret_stores (id, suffix, global_default, created_at, updated_at) values (?, ?, 0, ?, ?)',
        ...[id, id.slice(0, 8), NOW, NOW],
      )
      db.execute(
        'insert into preferred_secret_stores (project_id, secret_store_id, created_at, updated_at) values (?, ?, ?, ?)',
        ...[projectId, id, NOW, NOW],
      )
      db.execute('insert into quota_locks (project_id) values (?)', projectId)
    }

    /** A project with one of everything, and consumers that it registered with what another owns. */
    const furnished = async (): Promise<{ project: Project; neighbour: Project }> => {
      const project = await Project.make(db)
      const neighbour = await Project.make(db)
      const secret = project.secret({ acl: anAcl(['u1', 'u2']) })
      await db.secrets.insert(secret)
      await db.secretMetadata.replaceAll(secret.id, new Map([['k', 'v']]))
      await db.secretConsumers.add(consumerOf(secret.id, neighbour.id))
      const container = project.container({ members: [aMember(secret)], acl: anAcl(['u3']) })
      await db.containers.insert(container, NOW)
      await db.containerConsumers.add(project.consumer(container.id))
      await db.orders.place(project.order({ status: 'PENDING' }), undefined, {
        sealedInput: project.envelope(),
      })
      await db.orders.place(project.order(), undefined)
      await db.quotas.set(project.id, { secrets: 10 }, NOW)
      await prefer(project.id)
      const theirs = neighbour.secret()
      const their = neighbour.container()
      await db.secrets.insert(theirs)
      await db.containers.insert(their, NOW)
      await db.secretConsumers.add(consumerOf(theirs.id, project.id))
      await db.secretConsumers.add(consumerOf(theirs.id, neighbour.id))
      await db.containerConsumers.add({ ...project.consumer(their.id), projectId: project.id })
      await db.quotas.set(neighbour.id, { secrets: 10 }, NOW)
      return { project, neighbour }
    }

    test('a project that has nothing here is unknown, and nothing is written', async () => {
      const id = newProjectId()
      assert.equal(await note(id), 'unknown')
      assert.equal(stateOf(id), undefined)
      assert.equal(await db.deletions.keep(id), 'unknown')
    })

    test('a deletion told twice is noted once, with the time of the first', async () => {
      const { id } = await Project.make(db)
      assert.equal(await note(id, 'notification', NEXT_DAY), 'noted')
      assert.equal(await note(id, 'poll', NOW), 'known')
      assert.deepEqual(await db.deletions.list(10), [
        { projectId: id, state: 'doomed', source: 'notification', notBefore: NEXT_DAY },
      ])
    })

    test('of many that tell at once one is noted', async () => {
      const { id } = await Project.make(db)
      const answers = await Promise.all(Array.from({ length: 6 }, () => note(id)))
      assert.equal(answers.filter((answer) => answer === 'noted').length, 1)
      assert.equal(answers.filter((answer) => answer === 'known').length, 5)
    })

    test('an operator need not wait for what others noted', async () => {
      const { id } = await Project.make(db)
      await note(id, 'notification', NEXT_DAY)
      assert.equal(await note(id, 'operator', NOW), 'noted')
      const task = await db.deletions.claim(lease('a'))
      assert.deepEqual(task, { projectId: id, state: 'doomed', source: 'operator' })
    })

    test('in its grace a project is not due, works as before, and can be kept', async () => {
      const project = await Project.make(db)
      await note(project.id, 'notification', LATER)
      assert.equal((await db.deletions.look(NOW, NOW)).isAnythingDue, false)
      assert.equal(await db.deletions.claim(lease('a')), undefined)
      assert.equal(await db.secrets.insert(project.secret()), 'inserted')
      assert.equal(await db.deletions.keep(project.id), 'kept')
      assert.equal((await db.deletions.look(LATER, NOW)).isAnythingDue, false)
      assert.equal(await db.deletions.claim(lease('a', LATER, FOREVER)), undefined)
    })

    test('what is due is one owner’s until he gives it back or it is taken from him, whatever a clock says', async () => {
      const first = await Project.make(db)
      const second = await Project.make(db)
      await note(first.id, 'notification', at('2026-11-22T11:00:00.000000'))
      await note(second.id)
      assert.equal((await db.deletions.look(NOW, NOW)).isAnythingDue, true)
      assert.equal((await db.deletions.claim(lease('a')))?.projectId, first.id)
      assert.equal((await db.deletions.claim(lease('b')))?.projectId, second.id)
      assert.equal(await db.deletions.claim(lease('c')), undefined)
      assert.equal((await db.deletions.look(NOW, NOW)).isAnythingDue, false)
      await db.deletions.defer(first.id, lease('b', NOW, NOW))
      assert.equal(await db.deletions.claim(lease('c')), undefined, 'it is not b’s to give back')
      await db.deletions.defer(first.id, lease('a', NOW, NOW))
      assert.equal((await db.deletions.claim(lease('c')))?.projectId, first.id)
      assert.equal(await db.deletions.claim(lease('d', NEXT_DAY, FOREVER)), undefined)
      const held = await db.deletions.held()
      const [seen] = held.filter(({ projectId }) => projectId === first.id)
      assert.deepEqual(seen, { projectId: first.id, owner: 'c', until: LATER })
      await db.deletions.free({ ...seen, until: NEXT_DAY })
      await db.deletions.free({ ...seen, owner: 'b' })
      assert.equal(await db.deletions.claim(lease('d')), undefined, 'it is not as it was seen')
      await db.deletions.free(seen)
      assert.equal((await db.deletions.claim(lease('d', LATER, FOREVER)))?.projectId, first.id)
      assert.equal(await db.deletions.destroyKeys(first.id, lease('c')), 'lost')
      assert.equal(await db.deletions.shred(first.id, lease('c'), 10), 'lost')
      const [key] = db.execute('select state from project_keys where project_id = ?', first.id)
      assert.equal(key?.['state'], 'active')
    })

    test('what was given back for a while rests until then, or until somebody sees that it stands still', async () => {
      const { id } = await Project.make(db)
      await note(id)
      await db.deletions.claim(lease('a'))
      await db.deletions.defer(id, lease('a', NOW, NEXT_DAY))
      assert.equal(await db.deletions.claim(lease('b', LATER, FOREVER)), undefined)
      const [seen] = await db.deletions.held()
      assert.deepEqual(seen, { projectId: id, owner: null, until: NEXT_DAY })
      await db.deletions.free(seen)
      assert.equal((await db.deletions.claim(lease('b')))?.projectId, id)
    })

    test('what a dead owner held is free again, and nothing of the others', async () => {
      const [one, other] = [await Project.make(db), await Project.make(db)]
      await note(one.id)
      await note(other.id)
      await db.deletions.claim(lease('dead'), one.id)
      await db.deletions.claim(lease('alive'), other.id)
      const { owners } = await db.deletions.look(NOW, NOW)
      assert.deepEqual(owners.toSorted(), ['alive', 'dead'])
      await db.deletions.releaseAllOf('dead')
      assert.deepEqual((await db.deletions.look(NOW, NOW)).owners, ['alive'])
      assert.equal((await db.deletions.claim(lease('b')))?.projectId, one.id)
      assert.equal(await db.deletions.claim(lease('b')), undefined)
    })

    test('a claim may name its project', async () => {
      const [one, other] = [await Project.make(db), await Project.make(db)]
      await note(one.id)
      await note(other.id)
      assert.equal((await db.deletions.claim(lease('a'), other.id))?.projectId, other.id)
      assert.equal(await db.deletions.claim(lease('a'), other.id), undefined)
    })

    test('destroyed keys hold no bytes in any term or store, take nothing new, and are never made anew', async () => {
      const project = await Project.make(db)
      await db.projectKeys.activate(aProjectKey(project.id, 2))
      await db.projectKeys.activate(aProjectKey(project.id, 1, 'other'))
      const secret = project.secret()
      await db.secrets.insert(secret)
      await note(project.id)
      await db.deletions.claim(lease('a'))
      assert.equal(await db.deletions.destroyKeys(project.id, lease('a')), 3)
      assert.equal(await db.deletions.destroyKeys(project.id, lease('a')), 0, 'once more is none')
      const keys = db.execute(
        'select state, wrapped from project_keys where project_id = ?',
        project.id,
      )
      assert.equal(keys.length, 3)
      for (const key of keys) {
        assert.equal(key['state'], 'destroying')
        assert.equal((key['wrapped'] as Uint8Array).length, 0)
      }
      assert.equal(await db.projectKeys.active(project.id, 'keyring'), undefined)
      assert.equal((await db.projectKeys.find(project.key.id))?.state, 'destroying')
      assert.equal(await db.secrets.insert(project.secret()), 'keyGone')
      assert.equal(await db.containers.insert(project.container(), NOW), 'keyGone')
      assert.equal(await db.orders.place(project.order(), undefined), 'keyGone')
      for (const key of [
        aProjectKey(project.id, 1),
        aProjectKey(project.id, 3),
        aProjectKey(project.id, 1, 'third'),
      ]) {
        assert.equal(await db.projectKeys.activate(key), 'deleted')
      }
      assert.equal(await db.deletions.keep(project.id), 'tooLate')
      assert.deepEqual((await db.deletions.look(NOW, NOW)).keysGone, [project.id])
    })

    test('nothing of a project remains but tombstones, and nothing of its neighbour goes', async () => {
      const { project, neighbour } = await furnished()
      assert.deepEqual(leftOf(project.id), LIVE, 'it has one of everything')
      await note(project.id)
      await db.deletions.claim(lease('a'))
      assert.equal(await db.deletions.destroyKeys(project.id, lease('a')), 1)
      const step = await db.deletions.shred(project.id, lease('a', LATER, FOREVER), 100)
      assert.ok(step !== 'lost' && step.isDone)
      assert.deepEqual(step.removed, {
        ...{ keys: 0, secrets: 1, containers: 1, orders: 2, consumers: 2 },
      })
      assert.deepEqual(leftOf(project.id), [])
      for (const table of ['secret_metadata', 'secret_acl_users', 'order_tasks']) {
        assert.deepEqual(db.execute(`select * from ${table}`), [], table)
      }
      const tombstones = db.execute(
        'select kind, deleted_at from tombstones where project_id = ? order by kind',
        project.id,
      )
      assert.deepEqual(
        tombstones.map(({ kind, deleted_at: when }) => [kind, when]),
        ['container', 'order', 'order', 'secret'].map((kind) => [kind, LATER]),
      )
      assert.equal(rowsOf('secrets', neighbour.id), 1)
      assert.equal(rowsOf('containers', neighbour.id), 1)
      assert.equal(rowsOf('secret_consumers', neighbour.id), 1)
      assert.equal(rowsOf('project_keys', neighbour.id), 1)
      assert.equal(rowsOf('project_quotas', neighbour.id), 1)
      assert.equal(stateOf(project.id), 'shredded')
      assert.deepEqual((await db.deletions.look(LATER, LATER)).keysGone, [project.id])
      assert.deepEqual((await db.deletions.look(LATER, FOREVER)).keysGone, [])
      assert.equal(await note(project.id), 'unknown', 'told again, there is nothing to do')
    })

    test('a project goes in steps of the size asked for, and another owner goes on where one stopped', async () => {
      const project = await Project.make(db)
      for (let index = 0; index < 7; index += 1) await db.secrets.insert(project.secret())
      for (let index = 0; index < 2; index += 1) {
        await db.orders.place(project.order(), undefined)
      }
      await note(project.id)
      await db.deletions.claim(lease('a'))
      await db.deletions.destroyKeys(project.id, lease('a'))
      const removedIn = async (owner: string, now: Timestamp) => {
        const step = await db.deletions.shred(project.id, lease(owner, now, now), 4)
        assert.ok(step !== 'lost')
        const { orders, secrets } = step.removed
        return [orders, secrets, step.isDone]
      }
      assert.deepEqual(await removedIn('a', NOW), [2, 2, false])
      await db.deletions.releaseAllOf('a')
      const task = await db.deletions.claim(lease('b'))
      assert.deepEqual(task?.state, 'shredding')
      assert.equal(await db.deletions.shred(project.id, lease('a'), 4), 'lost')
      assert.deepEqual(await removedIn('b', NOW), [0, 4, false])
      assert.deepEqual(await removedIn('b', NOW), [0, 1, true])
      assert.deepEqual(leftOf(project.id), [])
    })

    test('a step goes on where the last one ended, and misses nothing that came in late', async () => {
      const project = await Project.make(db)
      for (const day of [3, 4, 5, 6]) {
        const createdAt = at(`2026-11-0${day}T00:00:00.000000`)
        await db.secrets.insert(project.secret({ createdAt }))
      }
      await note(project.id)
      await db.deletions.claim(lease('a'))
      const step = await db.deletions.shred(project.id, lease('a'), 2)
      assert.ok(step !== 'lost' && !step.isDone)
      assert.deepEqual(step.place, { secrets: '2026-11-04T00:00:00.000000' })
      const early = project.secret({ createdAt: at('2026-11-01T00:00:00.000000') })
      // As a node wrote it whose transaction nobody saw.
      db.execute("update project_keys set state = 'active' where project_id = ?", project.id)
      await db.secrets.insert(early)
      const next = await db.deletions.shred(project.id, lease('a'), 2, step.place)
      assert.ok(next !== 'lost')
      assert.deepEqual(next.place, { secrets: '2026-11-06T00:00:00.000000' })
      assert.equal((await db.secrets.find(early.id))?.id, early.id)
      const last = await db.deletions.shred(project.id, lease('a'), 2, next.place)
      assert.ok(last !== 'lost' && last.isDone)
      assert.deepEqual(leftOf(project.id), [])
    })

    test('a key that was made while the deletion was noted is destroyed with the rest', async () => {
      const project = await Project.make(db)
      await note(project.id)
      await db.deletions.claim(lease('a'))
      await db.deletions.destroyKeys(project.id, lease('a'))
      // A transaction that began before and was not seen.
      db.execute("update project_keys set state = 'active' where project_id = ?", project.id)
      const step = await db.deletions.shred(project.id, lease('a'), 10)
      assert.equal(step !== 'lost' && step.removed.keys, 1)
      assert.deepEqual(leftOf(project.id), [])
    })

    test('a shredded project gets no key, until somebody says that it may be used', async () => {
      const project = await Project.make(db)
      await note(project.id)
      await db.deletions.claim(lease('a'))
      await db.deletions.destroyKeys(project.id, lease('a'))
      await db.deletions.shred(project.id, lease('a'), 10)
      const key = aProjectKey(project.id)
      assert.equal(await db.projectKeys.activate(key), 'deleted')
      assert.equal(await db.deletions.keep(project.id), 'kept')
      const inForce = await db.projectKeys.activate(key)
      assert.ok(typeof inForce !== 'string')
      assert.equal(await db.secrets.insert(project.secret()), 'keyGone', 'under the old key')
      const envelope = project.envelope(key.id)
      const anew = { ...project.secret({ envelope }), rowMac: project.mac(key.id) }
      assert.equal(await db.secrets.insert(anew), 'inserted')
    })

    test('of a first key and the end of all keys at once, never a living key is left behind', async () => {
      for (let round = 0; round < 20; round += 1) {
        const projectId = newProjectId()
        await db.quotas.set(projectId, { secrets: 1 }, NOW)
        await note(projectId)
        await db.deletions.claim(lease('a'))
        const [made] = await Promise.all([
          db.projectKeys.activate(aProjectKey(projectId)),
          db.deletions
            .destroyKeys(projectId, lease('a'))
            .then(() => db.deletions.shred(projectId, lease('a'), 10)),
        ])
        assert.equal(rowsOf('project_keys', projectId), 0, `round ${round}: ${made !== 'deleted'}`)
      }
    })
  })
}
