import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { ask, store } from './ask.ts'
import type { Gatehouse } from './gatehouse.ts'
import type { World } from './world.ts'

const BRIEF_SECONDS = 2

/** Tokens that Keystone takes back before their time, against `token_cache_time`. */
export const revocations = (world: World): void => {
  describe('taken back', () => {
    let uncached: Gatehouse
    let brief: Gatehouse
    before(async () => {
      uncached = await world.gatehouse('uncached', {
        keystone_authtoken: { token_cache_time: '0' },
      })
      brief = await world.gatehouse('brief', {
        keystone_authtoken: { token_cache_time: String(BRIEF_SECONDS) },
      })
    })

    it('a revoked token is refused at once with token_cache_time = 0', async () => {
      const { token } = await world.cloud.login('demo')
      const ref = await store(uncached.url, token, world.canary)
      assert.equal((await ask(ref, { token })).status, 200)
      await world.cloud.revoke(token)
      assert.equal((await ask(ref, { token })).status, 401)
      assert.equal((await ask(`${ref}/payload`, { token })).status, 401)
    })

    it('a user disabled in Keystone is refused at once with token_cache_time = 0', async () => {
      const { token, userId } = await world.cloud.login('hermit')
      const ref = await store(uncached.url, token, world.canary)
      await world.cloud.setEnabled(userId, false)
      assert.equal((await ask(ref, { token })).status, 401)
      await world.cloud.setEnabled(userId, true)
    })

    it('a revoked token is refused after token_cache_time at the latest, however busy it is', async () => {
      const { token } = await world.cloud.login('demo')
      const ref = await store(brief.url, token, world.canary)
      await world.cloud.revoke(token)
      const revokedAt = performance.now()
      // A cache that counts from the last use would let a busy token live on.
      while (performance.now() - revokedAt < BRIEF_SECONDS * 1000) {
        await ask(ref, { token })
        await delay(100)
      }
      assert.equal((await ask(ref, { token })).status, 401)
    })

    it('an expired token that was also revoked is refused, service token or not', async () => {
      const login = await world.keystone.withShortLivedTokens(async (url) => {
        // While the door is open: to close it takes a part of the token's life.
        const short = await world.cloud.login('demo', undefined, url)
        await world.cloud.revoke(short.token)
        return short
      })
      await delay(Math.max(0, Date.parse(login.expiresAt) - Date.now()) + 50)
      const service = { 'X-Service-Token': (await world.cloud.login('nova')).token }
      const secrets = `${uncached.url}/v1/secrets`
      assert.equal((await ask(secrets, { token: login.token })).status, 401)
      assert.equal((await ask(secrets, { token: login.token, headers: service })).status, 401)
    })
  })
}
