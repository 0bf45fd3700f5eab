import assert from 'node:assert/strict'
import { afterEach, before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, ask, store } from './ask.ts'
import type { Gatehouse } from './gatehouse.ts'
import { Traffic } from './traffic.ts'
import type { World } from './world.ts'

const assertAskedToReturn = (answer: Answer): void => {
  assert.equal(answer.status, 503)
  assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  const body = JSON.parse(answer.text) as Record<string, unknown>
  assert.equal(body['title'], 'Service Unavailable')
}

/** Recovery takes no restart, and nobody but time. */
const servedAgain = async (url: string, token: string): Promise<void> => {
  const deadline = performance.now() + 60_000
  let answer = await ask(url, { token })
  while (answer.status === 503 && performance.now() < deadline) {
    await delay(100)
    answer = await ask(url, { token })
  }
  assert.equal(answer.status, 200)
}

/** Keystone stops, hangs and comes back while callers go on. */
export const outages = (world: World, gatehouse: Gatehouse): void => {
  describe('Keystone away', { timeout: 900_000 }, () => {
    let brief: Gatehouse
    let strict: Gatehouse
    before(async () => {
      // One second, so that a hanging Keystone is noticed within the patience of a test.
      const impatient = { http_connect_timeout: '1', http_request_max_retries: '1' }
      brief = await world.gatehouse('outage', {
        keystone_authtoken: { ...impatient, token_cache_time: '1' },
      })
      strict = await world.gatehouse('outageStrict', {
        keystone_authtoken: { ...impatient, token_cache_time: '0' },
      })
    })

    // A claim leaves Keystone as it was at that moment, and the next one wants it back, for all of them.
    afterEach(async () => {
      await world.keystone.start()
      for (const { url } of [gatehouse, brief, strict]) {
        // Nobody knows this token, so it is asked for.
        await servedAgain(`${url}/v1/secrets`, (await world.cloud.login('demo')).token)
      }
    })

    it('stopped and started under traffic: known callers notice nothing, new ones are asked to return, all recovers', async (t) => {
      const [known, other] = [await world.cloud.login('demo'), await world.cloud.login('creator')]
      const refs = await Promise.all(
        [gatehouse, brief, strict].map(async ({ url }) => store(url, known.token, world.canary)),
      )
      const [ref = '', briefRef = '', strictRef = ''] = refs
      const pids = [gatehouse, brief, strict].map(({ pid }) => pid)
      const traffic = new Traffic(gatehouse.url, known.token, ref)
      t.after(async () => traffic.stop())

      await traffic.goesOn(10)
      await world.keystone.stop()
      assertAskedToReturn(await ask(ref, { token: other.token }))
      assertAskedToReturn(await ask(ref, { token: 'gAAAAABnever-seen' }))
      assertAskedToReturn(await ask(strictRef, { token: known.token }))
      await traffic.goesOn(10)
      // Past its token_cache_time of a second, within token_stale_time.
      await delay(1500)
      assert.equal((await ask(briefRef, { token: known.token })).status, 200)
      assert.equal((await ask(ref, { token: known.token })).status, 200)

      await world.keystone.start()
      await servedAgain(ref, other.token)
      await servedAgain(strictRef, known.token)
      // A caller that it does not know: those it knows are served before it has found Keystone again.
      await servedAgain(briefRef, other.token)
      assert.equal((await ask(briefRef, { token: known.token })).status, 200)
      assert.equal((await ask(ref, { token: 'gAAAAABnever-seen' })).status, 401)
      assert.equal((await ask(ref, { token: (await world.cloud.login('demo')).token })).status, 200)

      await traffic.goesOn(10)
      assert.deepEqual((await traffic.stop()).failures, [])
      for (const [index, server] of [gatehouse, brief, strict].entries()) {
        assert.ok(server.isRunning, `${server.name} ended`)
        assert.equal(server.pid, pids[index])
      }
    })

    it('a Keystone that hangs costs everybody a bounded wait, and those it knows nothing else', async (t) => {
      const [known, other] = [await world.cloud.login('demo'), await world.cloud.login('creator')]
      const ref = await store(brief.url, known.token, world.canary)
      const traffic = new Traffic(brief.url, known.token, ref)
      t.after(async () => traffic.stop())
      world.keystone.freeze()
      try {
        assertAskedToReturn(await ask(ref, { token: other.token }))
        // It hangs until this is so: who waits for Keystone waits for good.
        await traffic.goesOn(50)
      } finally {
        world.keystone.thaw()
      }
      await servedAgain(ref, other.token)
      assert.deepEqual((await traffic.stop()).failures, [])
    })

    it('a Gatehouse started while Keystone is away comes up, asks callers to return, and recovers', async () => {
      const { token } = await world.cloud.login('demo')
      const ref = await store(strict.url, token, world.canary)
      await world.keystone.stop()
      await strict.restart()
      assertAskedToReturn(await ask(ref, { token }))
      await world.keystone.start()
      await servedAgain(ref, token)
      assert.equal((await ask(`${ref}/payload`, { token })).text, world.canary)
    })
  })
}
