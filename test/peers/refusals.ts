import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { type Answer, ask, store } from './ask.ts'
import type { Person } from './cloud.ts'
import type { Gatehouse } from './gatehouse.ts'
import type { Login } from './identityApi.ts'
import { restrictedCredentials } from './restrictedCredentials.ts'
import { revocations } from './revocations.ts'
import type { World } from './world.ts'

/** Whoever should not get in, with tokens of a real Keystone. */
export const refusals = (world: World, gatehouse: Gatehouse): void => {
  describe('refusals', { timeout: 600_000 }, () => {
    let demo: Login
    let ref: string
    before(async () => {
      demo = await world.cloud.login('demo')
      ref = await store(gatehouse.url, demo.token, world.canary)
    })

    const tokenOf = async (person: Person): Promise<string> =>
      (await world.cloud.login(person)).token
    const payload = async (headers: Record<string, string>): Promise<Answer> =>
      ask(`${ref}/payload`, { headers })

    it('another project is refused metadata, payload, update and delete, and nothing is lost', async () => {
      const token = await tokenOf('stranger')
      assert.equal((await ask(ref, { token })).status, 403)
      assert.equal((await ask(`${ref}/payload`, { token })).status, 403)
      assert.equal((await ask(ref, { token, method: 'DELETE' })).status, 403)
      const list = await ask(`${gatehouse.url}/v1/secrets?limit=100`, { token })
      assert.ok(!list.text.includes(ref), 'the list of a stranger names the secret')
      assert.equal((await ask(`${ref}/payload`, { token: demo.token })).text, world.canary)
    })

    it('a 403 names the rule that refused, under the title that nova looks for', async () => {
      const answer = await ask(`${ref}/payload`, { token: await tokenOf('stranger') })
      const body = JSON.parse(answer.text) as Record<string, unknown>
      assert.equal(body['code'], 403)
      assert.equal(body['title'], 'Forbidden')
      assert.match(String(body['description']), /secret:decrypt/)
    })

    it('an auditor sees metadata and not the payload, a reader sees neither', async () => {
      const [auditor, reader] = [await tokenOf('auditor'), await tokenOf('reader')]
      assert.equal((await ask(ref, { token: auditor })).status, 200)
      assert.equal((await ask(`${ref}/payload`, { token: auditor })).status, 403)
      assert.equal((await ask(ref, { token: reader })).status, 403)
      assert.equal((await ask(`${ref}/payload`, { token: reader })).status, 403)
    })

    it('no token is a 401 that names Keystone and that clients can read', async () => {
      const answer = await ask(ref)
      assert.equal(answer.status, 401)
      assert.equal(
        answer.headers.get('www-authenticate'),
        `Keystone uri="${world.cloud.keystoneUrl}"`,
      )
      const body = JSON.parse(answer.text) as Record<string, unknown>
      assert.equal(body['code'], 401)
      assert.equal(body['title'], 'Unauthorized')
    })

    it('garbage, an altered token and a token of another cloud are 401', async () => {
      const at = Math.floor(demo.token.length / 2)
      const altered = `${demo.token.slice(0, at)}${demo.token[at] === 'A' ? 'B' : 'A'}${demo.token.slice(at + 1)}`
      const foreign = `gAAAAAB${Buffer.alloc(120, 7).toString('base64url')}`
      for (const token of ['garbage', ' ', '../../v3/users', 'x'.repeat(9000), altered, foreign])
        assert.equal((await payload({ 'X-Auth-Token': token })).status, 401, token.slice(0, 20))
    })

    it('identity headers sent by the caller are worth nothing, with a token and without', async () => {
      const forged = {
        'X-Identity-Status': 'Confirmed',
        'X-Project-Id': demo.projectId ?? '',
        'X-User-Id': demo.userId,
        'X-Roles': 'admin,creator,member',
        'X-Is-Admin-Project': 'True',
      }
      assert.equal((await payload(forged)).status, 401)
      for (const person of ['stranger', 'reader'] as const) {
        const answer = await payload({ ...forged, 'X-Auth-Token': await tokenOf(person) })
        assert.equal(answer.status, 403, person)
      }
    })

    it('system-scoped, domain-scoped and unscoped tokens are 401', async () => {
      for (const scope of [{ system: true }, { domain: 'default' }, 'unscoped'] as const) {
        const { token } = await world.cloud.login('administrator', scope)
        assert.equal((await ask(ref, { token })).status, 401, JSON.stringify(scope))
      }
    })

    it('a token that was served while it lived is refused once it has expired', async () => {
      const login = await world.keystone.withShortLivedTokens(async (url) => {
        // While the door is open: to close it takes a part of the token's life.
        const short = await world.cloud.login('demo', undefined, url)
        assert.equal((await ask(ref, { token: short.token })).status, 200)
        return short
      })
      await delay(Math.max(0, Date.parse(login.expiresAt) - Date.now()) + 50)
      assert.equal((await ask(ref, { token: login.token })).status, 401)
    })

    it('an expired token is accepted beside a service token, and refused without before and after', async () => {
      await delay(Math.max(0, Date.parse(world.shortLived.expiresAt) - Date.now()) + 50)
      const expired = { 'X-Auth-Token': world.shortLived.token }
      const service = { 'X-Service-Token': await tokenOf('nova') }
      const statuses = []
      for (const headers of [expired, { ...expired, ...service }, expired])
        statuses.push((await payload(headers)).status)
      // Twice, since the second round finds the answers of the first in the cache.
      for (const headers of [{ ...expired, ...service }, expired])
        statuses.push((await payload(headers)).status)
      assert.deepEqual(statuses, [401, 200, 401, 200, 401])
    })

    it('an expired token is refused beside a token that has no service role', async () => {
      const expired = { 'X-Auth-Token': world.shortLived.token }
      for (const impostor of [demo.token, await tokenOf('administrator')])
        assert.equal((await payload({ ...expired, 'X-Service-Token': impostor })).status, 401)
    })

    it('an expired or invalid service token spoils even a good token', async () => {
      const good = { 'X-Auth-Token': demo.token }
      for (const bad of ['garbage', world.shortLived.token])
        assert.equal((await payload({ ...good, 'X-Service-Token': bad })).status, 401)
    })

    it('a service token lends its bearer no rights of the service', async () => {
      const stranger = { 'X-Auth-Token': await tokenOf('stranger') }
      const service = { 'X-Service-Token': await tokenOf('barbican') }
      assert.equal((await payload({ ...stranger, ...service })).status, 403)
    })

    restrictedCredentials(world, gatehouse)
    revocations(world)
  })
}
