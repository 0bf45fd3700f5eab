import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import type { CanaryRow, DeploymentRepository } from '../../src/domain/ports/keyRepositories.ts'
import { NOW, plain } from './recordsForRepositories.ts'

export interface DeploymentUnderTest {
  readonly deployment: DeploymentRepository
  /** Puts a project key beside it. */
  makeProjectKey(): Promise<void>
}

/** What every DeploymentRepository answers. `open` gives an empty one each time. */
export function deploymentRepositoryContract(
  name: string,
  open: () => Promise<DeploymentUnderTest>,
): void {
  const aCanary = (store: string, kekId: string): CanaryRow => ({
    store,
    wrapped: { kekId, blob: randomBytes(76) },
    fingerprint: randomBytes(8).toString('hex'),
    createdAt: NOW,
  })

  describe(`deployment repository: ${name}`, () => {
    test('is empty at first, and of ten nodes that start at once all get the same id', async () => {
      const { deployment } = await open()
      assert.deepEqual(await deployment.read(), {
        deploymentId: undefined,
        canaries: [],
        storesInUse: [],
      })
      const ids = Array.from({ length: 10 }, () => randomBytes(16).toString('hex'))
      const answers = await Promise.all(ids.map((id) => deployment.establish(id, NOW)))
      assert.equal(new Set(answers).size, 1)
      const [inForce = ''] = answers
      assert.ok(ids.includes(inForce))
      assert.equal((await deployment.read()).deploymentId, inForce)
      assert.equal(await deployment.establish('f'.repeat(32), NOW), inForce)
    })

    test('a lost id is not made anew beside project keys, a present one is answered', async () => {
      const lost = await open()
      await lost.makeProjectKey()
      assert.deepEqual((await lost.deployment.read()).storesInUse, ['keyring'])
      assert.equal(await lost.deployment.establish('a'.repeat(32), NOW), 'holdsProjectKeys')
      assert.equal((await lost.deployment.read()).deploymentId, undefined)

      const present = await open()
      await present.deployment.establish('b'.repeat(32), NOW)
      await present.makeProjectKey()
      assert.equal(await present.deployment.establish('c'.repeat(32), NOW), 'b'.repeat(32))
    })

    test('keeps one canary per store and KEK, the first that came', async () => {
      const { deployment } = await open()
      const kept = [
        aCanary('keyring', 'kek-1'),
        aCanary('keyring', 'kek-2'),
        aCanary('vault', 'kek-1'),
      ]
      for (const canary of kept) await deployment.addCanary(canary)
      await deployment.addCanary(aCanary('keyring', 'kek-1'))
      assert.deepEqual(plain((await deployment.read()).canaries), plain(kept))
    })
  })
}
