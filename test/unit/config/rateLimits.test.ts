import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { rateLimitsOfSettings } from '../../../src/cli/doorOfSettings.ts'
import { RateLimits } from '../../../src/http/rateLimits.ts'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const UNUSED = { monotonicMs: () => 0, onLimited: () => undefined }

describe('rate limits in a configuration', () => {
  it('are off unless somebody sets one, and then there is nothing that a request could pass through', (t) => {
    const { settings } = loadedFrom(t, '')
    assert.equal(RateLimits.of({ ...rateLimitsOfSettings(settings), ...UNUSED }), undefined)
    const { settings: some } = loadedFrom(t, '[rate_limits]\nfailed_logins = 1:20\n')
    assert.ok(RateLimits.of({ ...rateLimitsOfSettings(some), ...UNUSED }) !== undefined)
  })

  it('are a rate and a burst', (t) => {
    const { settings } = loadedFrom(
      t,
      '[rate_limits]\nproject_reads = 50:200\nuser_writes = 0.5:10\nglobal_reads = OFF\nexempt_roles = service, admin\n',
    )
    const { reads, writes, exemptRoles } = rateLimitsOfSettings(settings)
    assert.deepEqual(reads, {
      global: 'off',
      project: { perSecond: 50, burst: 200 },
      user: 'off',
    })
    assert.deepEqual(writes.user, { perSecond: 0.5, burst: 10 })
    assert.deepEqual(exemptRoles, ['service', 'admin'])
  })

  for (const wrong of [
    '50',
    '50:',
    ':200',
    '0:10',
    '10:0',
    '-1:10',
    '1:1.5',
    '2000000:1',
    'many',
  ]) {
    it(`refuse ${wrong}`, (t) => {
      const [mistake = ''] = mistakesIn(t, `[rate_limits]\nproject_reads = ${wrong}\n`)
      assert.match(mistake, /project_reads.*off, or RATE:BURST/s)
    })
  }

  it('refuse an option they do not know', (t) => {
    assert.match(
      mistakesIn(t, '[rate_limits]\nproject_requests = 1:1\n').join(),
      /project_requests/,
    )
  })

  it('of docs/under-attack.md are taken as they stand', (t) => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/under-attack.md'), 'utf8')
    const blocks = [...page.matchAll(/^```ini\n(.*?)^```$/gms)].map(([, block = '']) => block)
    assert.equal(blocks.length, 2)
    const { settings } = loadedFrom(t, blocks.join('\n'))
    assert.deepEqual(settings.rate_limits.project_reads, { perSecond: 200, burst: 2000 })
    assert.equal(settings.gatehouse.max_connections_per_client, 500)
  })

  it('idle connections outlive the pauses of clients by default', (t) => {
    const { gatehouse } = loadedFrom(t, '').settings
    assert.ok(gatehouse.keep_alive_timeout >= 75)
    assert.equal(gatehouse.max_connections_per_client, 0)
  })
})
