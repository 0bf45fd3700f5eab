import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { World } from './world.ts'

/** The end of every run: what the servers wrote, and how they leave. */
export const logsHoldNoSecrets = (world: World): void => {
  describe('afterwards', { timeout: 600_000 }, () => {
    it('every Gatehouse drains and exits 0 when asked to', async () => {
      for (const gatehouse of world.gatehouses)
        assert.deepEqual(await gatehouse.stop(), { code: 0, signal: null }, gatehouse.name)
    })

    it('no log holds a token, a password or a payload of this run', async () => {
      const secrets = [...world.cloud.issuedTokens, world.cloud.password, world.canary]
      for (const gatehouse of world.gatehouses) {
        const logs = await gatehouse.logs()
        assert.ok(logs.length > 0, `${gatehouse.name} has written no log`)
        for (const [index, secret] of secrets.entries())
          assert.ok(!logs.includes(secret), `${gatehouse.name}: secret ${index} is in a log`)
      }
    })

    it('no record failed its integrity check, no 500 was answered, no error but Keystone being away', async () => {
      for (const gatehouse of world.gatehouses) {
        const lines = (await gatehouse.logs()).split('\n')
        const bad = lines.filter((line) => /"level":"(?:error|fatal)"|"status":500\b/.test(line))
        const unexpected = bad.filter((line) => !line.includes('Keystone is away'))
        assert.deepEqual(unexpected.slice(0, 5), [], gatehouse.name)
      }
    })
  })
}
