import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ask, store } from './ask.ts'
import type { Gatehouse } from './gatehouse.ts'
import type { World } from './world.ts'

const SECRET = { payload: 'x', payload_content_type: 'text/plain' }

/** Application credentials that carry access rules. */
export const restrictedCredentials = (world: World, gatehouse: Gatehouse): void => {
  describe('application credentials', () => {
    const secrets = `${gatehouse.url}/v1/secrets`
    const service = 'key-manager'

    const stored = async (): Promise<string> => {
      const { token } = await world.cloud.login('demo')
      return store(gatehouse.url, token, world.canary)
    }

    it('one that may read metadata reads nothing else and changes nothing', async () => {
      const ref = await stored()
      const rules = [{ service, method: 'GET', path: '/v1/secrets/*' }]
      const { token } = await world.cloud.loginRestricted('demo', rules)
      const status = async (url: string, method: string): Promise<number> =>
        (await ask(url, { method, token, ...(method === 'POST' ? { json: SECRET } : {}) })).status
      assert.equal(await status(ref, 'GET'), 200)
      assert.equal(await status(`${ref}/payload`, 'GET'), 401)
      assert.equal(await status(secrets, 'GET'), 401)
      assert.equal(await status(secrets, 'POST'), 401)
      assert.equal(await status(ref, 'DELETE'), 401)
    })

    it('no spelling of the path leads around a rule', async () => {
      const ref = await stored()
      const id = ref.slice(-36)
      const rules = [{ service, method: 'GET', path: '/v1/secrets/*' }]
      const { token } = await world.cloud.loginRestricted('demo', rules)
      for (const path of [
        `/v1/secrets/${id}/payload/`,
        `//v1/secrets/${id}/payload`,
        `/v1//secrets/${id}/payload`,
        `/v1/secrets/${id}//payload`,
        `/v1/secrets/${id}/payload?x=/v1/secrets/y`,
        `/v1/secrets/${id}%2Fpayload`,
      ]) {
        const answer = await ask(gatehouse.url + path, { token })
        assert.ok(!answer.text.includes(world.canary), path)
        assert.notEqual(answer.status, 200, path)
      }
    })

    it('one for everything below secrets stores, reads and deletes, and orders nothing', async () => {
      const path = '/v1/secrets/**'
      const rules = [
        { service, method: 'POST', path: '/v1/secrets' },
        { service, method: 'GET', path },
        { service, method: 'DELETE', path },
      ]
      const { token } = await world.cloud.loginRestricted('demo', rules)
      const ref = await store(gatehouse.url, token, world.canary)
      assert.equal((await ask(`${ref}/payload`, { token })).text, world.canary)
      assert.equal((await ask(ref, { method: 'DELETE', token })).status, 204)
      assert.equal((await ask(`${gatehouse.url}/v1/orders`, { token })).status, 401)
    })

    it('one whose rules are for another service is refused everywhere', async () => {
      const ref = await stored()
      const rules = [{ service: 'compute', method: 'GET', path: '/v1/**' }]
      const { token } = await world.cloud.loginRestricted('demo', rules)
      assert.equal((await ask(ref, { token })).status, 401)
      assert.equal((await ask(secrets, { token })).status, 401)
    })
  })
}
