import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { ask } from './ask.ts'
import type { Gatehouse } from './gatehouse.ts'
import type { World } from './world.ts'

const SECRET = { payload: 'x', payload_content_type: 'text/plain' }
const ORDER = { type: 'key', meta: { algorithm: 'aes', bit_length: 256 } }

/** The two sets of default rules, each seen through real roles of a real Keystone. */
export const policyModes = (world: World, legacy: Gatehouse): void => {
  describe('policy', { timeout: 600_000 }, () => {
    let modern: Gatehouse
    before(async () => {
      modern = await world.gatehouse('modern', {
        oslo_policy: { enforce_new_defaults: 'true', enforce_scope: 'true' },
      })
    })

    /** What a person gets for creating a secret, for ordering a key, for listing. */
    const attempts = async (
      gatehouse: Gatehouse,
      person: 'creator' | 'member' | 'observer' | 'reader' | 'administrator',
    ): Promise<readonly number[]> => {
      const { token } = await world.cloud.login(person)
      const post = { method: 'POST', token }
      const answers = [
        await ask(`${gatehouse.url}/v1/secrets`, { ...post, json: SECRET }),
        await ask(`${gatehouse.url}/v1/orders`, { ...post, json: ORDER }),
        await ask(`${gatehouse.url}/v1/secrets`, { token }),
      ]
      return answers.map((answer) => answer.status)
    }

    it('legacy rules let a creator create and list, and let a member do neither', async () => {
      assert.deepEqual(await attempts(legacy, 'creator'), [201, 202, 200])
      assert.deepEqual(await attempts(legacy, 'member'), [403, 403, 403])
    })

    it('legacy rules let an observer list and not create', async () => {
      assert.deepEqual(await attempts(legacy, 'observer'), [403, 403, 200])
    })

    it('new rules let a member create and list, and let a creator do neither', async () => {
      assert.deepEqual(await attempts(modern, 'member'), [201, 202, 200])
      assert.deepEqual(await attempts(modern, 'creator'), [403, 403, 403])
    })

    it('new rules give a reader no secrets', async () => {
      assert.deepEqual(await attempts(modern, 'reader'), [403, 403, 403])
    })

    it('an administrator may do all of it under both', async () => {
      assert.deepEqual(await attempts(legacy, 'administrator'), [201, 202, 200])
      assert.deepEqual(await attempts(modern, 'administrator'), [201, 202, 200])
    })
  })
}
