import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import type { ProjectKeyRepository } from '../../src/domain/ports/keyRepositories.ts'
import type { ProjectId } from '../../src/lib/ids.ts'
import { aProjectKey, newProjectId, plain } from './recordsForRepositories.ts'

export interface ProjectKeysUnderTest {
  readonly projectKeys: ProjectKeyRepository
  /** Leaves a record of a project whose key is gone. */
  leaveRecord(projectId: ProjectId, kind: 'secret' | 'container' | 'order'): Promise<void>
}

/** What every ProjectKeyRepository answers. */
export function projectKeyRepositoryContract(
  name: string,
  open: () => Promise<ProjectKeysUnderTest>,
): void {
  describe(`project key repository: ${name}`, () => {
    let subject: ProjectKeysUnderTest
    let keys: ProjectKeyRepository
    before(async () => {
      subject = await open()
      keys = subject.projectKeys
    })

    test('the first term becomes active and is found by project and by id, to the byte', async () => {
      const row = aProjectKey(newProjectId())
      assert.equal(await keys.active(row.projectId, row.store), undefined)
      assert.equal(await keys.find(row.id), undefined)
      assert.deepEqual(plain(await keys.activate(row)), plain(row))
      assert.deepEqual(plain(await keys.active(row.projectId, row.store)), plain(row))
      assert.deepEqual(plain(await keys.find(row.id)), plain(row))
      assert.equal(await keys.active(row.projectId, 'another store'), undefined)
    })

    test('of many first terms at once one is in force, and everybody is given that one', async () => {
      const projectId = newProjectId()
      const rows = Array.from({ length: 6 }, () => aProjectKey(projectId))
      const answers = await Promise.all(rows.map((row) => keys.activate(row)))
      const ids = new Set(
        answers.map((answer) =>
          typeof answer === 'string' || 'nextTerm' in answer
            ? 'none'
            : Buffer.from(answer.id).toString('hex'),
        ),
      )
      assert.equal(ids.size, 1)
      assert.ok(rows.some((row) => ids.has(Buffer.from(row.id).toString('hex'))))
    })

    test('the next term takes over, and the one before still decrypts', async () => {
      const projectId = newProjectId()
      const [first, second] = [aProjectKey(projectId, 1), aProjectKey(projectId, 2)]
      await keys.activate(first)
      assert.deepEqual(plain(await keys.activate(second)), plain(second))
      assert.deepEqual(plain(await keys.active(projectId, 'keyring')), plain(second))
      const before = await keys.find(first.id)
      assert.deepEqual(plain(before), plain({ ...first, state: 'decrypt-only' }))
    })

    test('a term that comes late changes nothing and is told which key is in force', async () => {
      const projectId = newProjectId()
      const [first, second] = [aProjectKey(projectId, 1), aProjectKey(projectId, 2)]
      await keys.activate(first)
      await keys.activate(second)
      for (const late of [aProjectKey(projectId, 1), aProjectKey(projectId, 2)]) {
        assert.deepEqual(plain(await keys.activate(late)), plain(second))
        assert.equal(await keys.find(late.id), undefined)
      }
    })

    test('a project that holds secrets and a key is given its next term', async () => {
      const projectId = newProjectId()
      const [first, second] = [aProjectKey(projectId, 1), aProjectKey(projectId, 2)]
      await keys.activate(first)
      await subject.leaveRecord(projectId, 'secret')
      assert.deepEqual(plain(await keys.activate(aProjectKey(projectId, 1))), plain(first))
      assert.deepEqual(plain(await keys.activate(second)), plain(second))
    })

    for (const kind of ['secret', 'container', 'order'] as const) {
      test(`a project that holds one ${kind} and no key gets an alarm, not a new key`, async () => {
        const projectId = newProjectId()
        await subject.leaveRecord(projectId, kind)
        const row = aProjectKey(projectId)
        assert.equal(await keys.activate(row), 'orphans')
        assert.equal(await keys.find(row.id), undefined)
        assert.equal(await keys.active(projectId, row.store), undefined)
      })
    }

    test('a project that holds records under one store is given its first key in another', async () => {
      const projectId = newProjectId()
      const [there, here] = [aProjectKey(projectId), aProjectKey(projectId, 1, 'keyring:b')]
      await keys.activate(there)
      await subject.leaveRecord(projectId, 'secret')
      assert.deepEqual(plain(await keys.activate(here)), plain(here))
      assert.deepEqual(plain(await keys.active(projectId, 'keyring')), plain(there))
      assert.deepEqual(plain(await keys.active(projectId, 'keyring:b')), plain(here))
    })

    test('blocks of wraps are given out once each, also to many at once', async () => {
      const row = aProjectKey(newProjectId())
      await keys.activate(row)
      const block = 2 ** 16
      const before = await Promise.all(
        Array.from({ length: 10 }, () => keys.reserveWraps(row.id, block)),
      )
      assert.deepEqual(
        before.toSorted((a, b) => a - b),
        Array.from({ length: 10 }, (_, i) => i * block),
      )
      assert.equal(await keys.reserveWraps(row.id, 2 ** 31), 10 * block)
      assert.equal(await keys.reserveWraps(row.id, 1), 10 * block + 2 ** 31)
    })
  })
}
