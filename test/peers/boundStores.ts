import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { ask, store } from './ask.ts'
import type { Gatehouse } from './gatehouse.ts'
import type { World } from './world.ts'

/** A KEK store that belongs to a domain of Keystone: which domain a project is in, its tokens say (ADR 0057). */
export const boundStores = (world: World): void => {
  describe('a KEK of a domain', () => {
    let bound: Gatehouse
    let tenant: string
    let other: string
    before(async () => {
      const domainId = await world.cloud.makeDomain('tenant')
      const projectId = await world.cloud.makeProject('of the tenant', 'demo', domainId)
      bound = await world.gatehouse('bound', {
        secretstore: {
          enable_multiple_secret_stores: 'true',
          stores_lookup_suffix: 'common, own',
        },
        'secretstore:common': { secret_store_plugin: 'store_crypto', global_default: 'true' },
        'secretstore:own': {
          secret_store_plugin: 'store_crypto',
          name: 'Own',
          kek_store: 'keyring:own',
          domains: domainId,
        },
      })
      tenant = (await world.cloud.login('demo', { projectId })).token
      other = (await world.cloud.login('demo')).token
    })

    it("takes what its projects store, and nobody else's; one user may have tokens of both", async () => {
      const refs = [
        [tenant, await store(bound.url, tenant, world.canary)],
        [other, await store(bound.url, other, world.canary)],
      ] as const
      const status = await bound.command('kek', 'status')
      assert.match(status, /bound +own \(keyring:own\) to 1 domain; 1 projects have keys there/)
      await bound.restart()
      for (const [token, ref] of refs) {
        assert.equal((await ask(`${ref}/payload`, { token })).text, world.canary)
      }
    })

    it('is seen by its projects alone', async () => {
      const seenBy = async (token: string): Promise<readonly string[]> => {
        const { text } = await ask(`${bound.url}/v1/secret-stores`, { token })
        const { secret_stores: stores } = JSON.parse(text) as {
          readonly secret_stores: readonly { readonly name: string }[]
        }
        return stores.map(({ name }) => name)
      }
      const [ofTenant, ofOther] = [await seenBy(tenant), await seenBy(other)]
      assert.deepEqual([ofTenant.length, ofOther.length], [1, 1])
      assert.notDeepEqual(ofTenant, ofOther)
    })
  })
}
