import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { newContainerId, newSecretId } from '../../src/lib/ids.ts'
import type { ListedContainer } from '../../src/model/container.ts'
import type { Secret } from '../../src/model/secret.ts'
import {
  aMember,
  anAcl,
  at,
  NOW,
  Project,
  plain,
  type RepositoriesUnderTest,
  type WithMac,
} from './recordsForRepositories.ts'

/** What every ContainerRepository answers. */
export function containerRepositoryContract(
  name: string,
  open: () => Promise<RepositoriesUnderTest>,
): void {
  describe(`container repository: ${name}`, () => {
    let db: RepositoriesUnderTest
    let project: Project
    before(async () => {
      db = await open()
      project = await Project.make(db)
    })

    async function aSecret(changes: Partial<Secret> = {}): Promise<WithMac<Secret>> {
      const secret = project.secret(changes)
      assert.equal(await db.secrets.insert(secret), 'inserted')
      return secret
    }

    test('what was inserted is found to the byte, members in their order', async () => {
      const [first, second] = [await aSecret(), await aSecret()]
      const containers = [
        project.container(),
        project.container({ type: 'dsa', name: null, creatorId: null }),
        project.container({ name: "Ü'%\u2028", acl: anAcl(['u1', 'u"2', 'ü\\3'], false) }),
        project.container({
          type: 'certificate',
          members: [
            aMember(second, 'private_key'),
            aMember(first, 'certificate'),
            aMember(second, null),
            aMember(first, ''),
            aMember(first, 'quote " and \\ and ü'),
          ],
          acl: anAcl([]),
        }),
      ]
      for (const container of containers) {
        assert.equal(await db.containers.insert(container, NOW), 'inserted')
        assert.deepEqual(plain(await db.containers.find(container.id)), plain(container))
      }
      assert.equal(await db.containers.find(newContainerId()), undefined)
    })

    test('many members keep their order', async () => {
      const secret = await aSecret()
      const members = Array.from({ length: 120 }, (_, i) => aMember(secret, `n${(i * 37) % 120}`))
      const container = project.container({ members })
      await db.containers.insert(container, NOW)
      assert.deepEqual((await db.containers.find(container.id))?.members, members)
    })

    test('a member that is no live secret of the project keeps the container out', async () => {
      const stranger = await Project.make(db)
      const foreign = stranger.secret()
      await db.secrets.insert(foreign)
      const deleted = await aSecret()
      await db.secrets.remove(deleted.id, deleted.rowMac, NOW, 'remove')
      const expired = await aSecret({ expiration: NOW })
      const good = await aSecret({ expiration: at('2026-11-22T12:00:00.000001') })
      const unknown = project.secret({ id: newSecretId() })
      for (const bad of [foreign, deleted, expired, unknown]) {
        const container = project.container({ members: [aMember(good), aMember(bad)] })
        assert.equal(await db.containers.insert(container, NOW), 'secretGone')
        assert.equal(await db.containers.find(container.id), undefined)
      }
      const kept = project.container({ members: [aMember(good)] })
      assert.equal(await db.containers.insert(kept, NOW), 'inserted')
    })

    test('without its project key nothing is written', async () => {
      const gone = project.mac(Buffer.alloc(8, 3))
      const container = project.container()
      assert.equal(await db.containers.insert({ ...container, rowMac: gone }, NOW), 'keyGone')
      assert.equal(await db.containers.find(container.id), undefined)

      await db.containers.insert(container, NOW)
      const changed = { ...container, acl: anAcl(['u']), rowMac: gone }
      const { rowMac } = container
      assert.equal(await db.containers.replaceAcl(rowMac, changed), 'keyGone')
      assert.equal(await db.containers.replaceMembers(rowMac, changed, undefined), 'keyGone')
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(container))
    })

    test('a deleted secret leaves its member behind, marked as gone; an expired one is still there', async () => {
      const [deleted, expired] = [
        await aSecret(),
        await aSecret({ expiration: at('2026-11-22T12:00:01.000000') }),
      ]
      const container = project.container({ members: [aMember(deleted, 'a'), aMember(expired)] })
      await db.containers.insert(container, NOW)
      await db.secrets.remove(deleted.id, deleted.rowMac, NOW, 'remove')
      const found = await db.containers.find(container.id)
      assert.deepEqual(found?.members, [
        { ...aMember(deleted, 'a'), isGone: true },
        aMember(expired),
      ])
      const listed = await db.containers.list({ projectId: project.id, limit: 100, offset: 0 })
      const item = listed.items.find(({ id }) => id === container.id)
      assert.deepEqual(item?.members, found?.members)
    })

    test('members are replaced with the MAC, `updatedAt` stays, and a pair comes back (Q38)', async () => {
      const [one, two] = [await aSecret(), await aSecret()]
      const container = project.container({ members: [aMember(one)] })
      await db.containers.insert(container, NOW)
      const added = { secretId: two.id, projectId: project.id, now: NOW }
      const both = {
        ...container,
        members: [aMember(one), aMember(two, 'x')],
        rowMac: project.mac(),
      }
      const later = { ...both, updatedAt: at('2030-01-01T00:00:00.000000') }
      assert.equal(await db.containers.replaceMembers(container.rowMac, later, added), 'changed')
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(both))

      const without = { ...both, members: [aMember(two, 'x')], rowMac: project.mac() }
      assert.equal(await db.containers.replaceMembers(both.rowMac, without, undefined), 'changed')
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(without))
      const again = { ...both, rowMac: project.mac() }
      const back = { ...added, secretId: one.id }
      assert.equal(await db.containers.replaceMembers(without.rowMac, again, back), 'changed')
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(again))
    })

    test('any members follow any others, wherever their rows stand', async () => {
      const [one, two] = [await aSecret(), await aSecret()]
      const named = (names: string) =>
        [...names].map((given, i) => aMember(i % 2 === 0 ? one : two, given))
      let container = project.container({ members: named('abc') })
      await db.containers.insert(container, NOW)
      for (const names of ['abcd', 'abd', 'bd', '', 'xyz', 'axyz', 'axz', 'zxa', 'z', 'abcdef']) {
        // What an operator may do by hand without breaking the MAC: the order stays.
        db.execute(
          'update container_secrets set position = position * 7 - 40 where container_id = ?',
          container.id,
        )
        const next = { ...container, members: named(names), rowMac: project.mac() }
        const outcome = await db.containers.replaceMembers(container.rowMac, next, undefined)
        assert.equal(outcome, 'changed')
        assert.deepEqual(plain(await db.containers.find(container.id)), plain(next), names)
        container = next
      }
    })

    test('only the member that is new must be live, and of the given project', async () => {
      const expiring = await aSecret({ expiration: at('2026-11-22T12:00:01.000000') })
      const container = project.container({ members: [aMember(expiring)] })
      await db.containers.insert(container, NOW)
      const now = at('2026-11-22T12:00:01.000000')
      const fresh = await aSecret()
      const next = (secret: Secret) => ({
        ...container,
        members: [aMember(expiring), aMember(secret, 'new')],
        rowMac: project.mac(),
      })
      const stranger = await Project.make(db)
      for (const added of [
        { secretId: expiring.id, projectId: project.id, now },
        { secretId: newSecretId(), projectId: project.id, now },
        { secretId: fresh.id, projectId: stranger.id, now },
      ]) {
        const outcome = await db.containers.replaceMembers(container.rowMac, next(fresh), added)
        assert.equal(outcome, 'secretGone')
      }
      assert.deepEqual(plain(await db.containers.find(container.id)), plain(container))
      const added = { secretId: fresh.id, projectId: project.id, now }
      const outcome = await db.containers.replaceMembers(container.rowMac, next(fresh), added)
      assert.equal(outcome, 'changed')
    })

    test('of two changes of the same record one is stale', async () => {
      const container = project.container()
      await db.containers.insert(container, NOW)
      const secret = await aSecret()
      const next = () => ({ ...container, members: [aMember(secret)], rowMac: project.mac() })
      const added = { secretId: secret.id, projectId: project.id, now: NOW }
      const acl = { ...container, acl: anAcl(['u']), rowMac: project.mac() }
      const outcomes = await Promise.all([
        db.containers.replaceMembers(container.rowMac, next(), added),
        db.containers.replaceMembers(container.rowMac, next(), added),
        db.containers.replaceAcl(container.rowMac, acl),
        db.containers.remove(container.id, container.rowMac, NOW),
      ])
      assert.deepEqual(outcomes.toSorted(), ['changed', 'stale', 'stale', 'stale'])
      const unknown = project.container()
      assert.equal(await db.containers.replaceMembers(unknown.rowMac, unknown, undefined), 'gone')
      assert.equal(await db.containers.replaceAcl(unknown.rowMac, unknown), 'gone')
      assert.equal(await db.containers.remove(unknown.id, unknown.rowMac, NOW), 'gone')
    })

    test('an ACL is set, replaced and removed with the MAC and `updatedAt`; members stay', async () => {
      const secret = await aSecret()
      let container = project.container({ members: [aMember(secret, 'm')] })
      await db.containers.insert(container, NOW)
      const acls = [anAcl(['a', 'b'], false), anAcl(['b', 'c']), anAcl([]), null]
      for (const [i, acl] of acls.entries()) {
        const updatedAt = at(`2027-01-01T00:00:0${i}.000000`)
        const next = { ...container, acl, updatedAt, rowMac: project.mac() }
        assert.equal(await db.containers.replaceAcl(container.rowMac, next), 'changed')
        assert.deepEqual(plain(await db.containers.find(container.id)), plain(next))
        container = next
      }
      assert.deepEqual(
        db.execute('select * from container_acl_users where container_id = ?', container.id),
        [],
      )
    })

    test('remove takes members, ACL users and every consumer with it, and leaves the secrets and a tombstone', async () => {
      const secret = await aSecret()
      const container = project.container({ members: [aMember(secret)], acl: anAcl(['u1', 'u2']) })
      await db.containers.insert(container, NOW)
      for (let i = 0; i < 13; i += 1) {
        await db.containerConsumers.add(project.consumer(container.id, { name: `c${i}` }))
      }
      const kept = project.container()
      await db.containers.insert(kept, NOW)
      await db.containerConsumers.add(project.consumer(kept.id))

      const { id, rowMac } = container
      assert.equal(await db.containers.remove(id, project.mac(), NOW), 'stale')
      assert.equal((await db.containerConsumers.namesOf(id)).length, 13)
      const answers = await Promise.all([
        db.containers.remove(id, rowMac, NOW),
        db.containers.remove(id, rowMac, NOW),
      ])
      assert.deepEqual(answers.toSorted(), ['changed', 'gone'])
      assert.equal(await db.containers.find(id), undefined)
      for (const table of ['container_secrets', 'container_acl_users', 'container_consumers']) {
        assert.deepEqual(db.execute(`select * from ${table} where container_id = ?`, id), [], table)
      }
      assert.notEqual(await db.secrets.find(secret.id), undefined)
      assert.equal((await db.containerConsumers.namesOf(kept.id)).length, 1)
      const [tombstone] = db.execute('select * from tombstones where id = ?', id)
      assert.equal(tombstone?.['kind'], 'container')
      assert.equal(tombstone?.['deleted_at'], NOW)
    })

    test('lists a project by creation and id, with members and consumers; pages, counts and filters', async () => {
      const owner = await Project.make(db)
      const secret = owner.secret()
      await db.secrets.insert(secret)
      const names = ['Front%', 'front_b', 'ÜBER', null, 'back', 'back', 'Ünder']
      const containers = names.map((given, i) =>
        owner.container({
          name: given,
          type: i < 2 ? 'rsa' : 'generic',
          createdAt: at(`2026-01-01T00:00:00.00000${i % 2}`),
          members: i === 4 ? [aMember(secret, 'z'), aMember(secret, 'a')] : [],
          acl: i === 5 ? anAcl(['u']) : null,
        }),
      )
      for (const container of containers) await db.containers.insert(container, NOW)
      const foreign = project.container()
      await db.containers.insert(foreign, NOW)
      const used = containers[4]
      assert.ok(used)
      for (const [name, url] of [
        ['b', 'u1'],
        ['a', 'u3'],
        ['a', 'u2 "'],
      ] as const) {
        await db.containerConsumers.add(owner.consumer(used.id, { name, url, updatedAt: NOW }))
      }
      const consumers = [
        { name: 'a', url: 'u2 "' },
        { name: 'a', url: 'u3' },
        { name: 'b', url: 'u1' },
      ]
      const sorted = containers
        .toSorted((a, b) => (a.createdAt + a.id < b.createdAt + b.id ? -1 : 1))
        .map(({ acl: _acl, rowMac: _mac, ...container }) => ({
          ...container,
          consumers: container.id === used.id ? consumers : [],
        }))

      const query = { projectId: owner.id, limit: 100, offset: 0 }
      const all = await db.containers.list(query)
      assert.deepEqual(all, { items: sorted satisfies ListedContainer[], total: 7 })
      const page = await db.containers.list({ ...query, limit: 3, offset: 5 })
      assert.deepEqual(page, { items: sorted.slice(5), total: 7 })
      const beyond = await db.containers.list({ ...query, offset: Number.MAX_SAFE_INTEGER })
      assert.deepEqual(beyond, { items: [], total: 7 })
      for (const [index, { id: marker }] of sorted.entries()) {
        const after = await db.containers.list({ ...query, marker, limit: 2 })
        assert.deepEqual(after, { items: sorted.slice(index + 1, index + 3), total: 7 })
        const rsa = await db.containers.list({ ...query, marker, type: 'rsa' })
        const wanted = sorted.slice(index + 1).filter(({ type }) => type === 'rsa')
        assert.deepEqual(rsa, { items: wanted, total: 2 })
      }
      for (const marker of [newContainerId(), foreign.id]) {
        const none = await db.containers.list({ ...query, marker })
        assert.deepEqual(none, { items: [], total: 7 })
      }
      for (const [filter, total] of [
        [{ name: 'FRONT%' }, 2],
        [{ name: 'front%' }, 2],
        [{ name: 'front_' }, 1],
        [{ name: 'front\\%' }, 0],
        [{ name: 'über' }, 1],
        [{ name: 'back' }, 2],
        [{ name: '%' }, 6],
        [{ name: "'" }, 0],
        [{ type: 'rsa' }, 2],
        [{ type: 'RSA' }, 0],
        [{ type: 'no such type' }, 0],
        [{ type: 'generic', name: 'back' }, 2],
        [{ type: 'rsa', name: 'back' }, 0],
      ] as const) {
        const found = await db.containers.list({ ...query, ...filter, limit: 1 })
        assert.equal(found.total, total, JSON.stringify(filter))
        assert.equal(found.items.length, Math.min(1, total))
      }
    })
  })
}
