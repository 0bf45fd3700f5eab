import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pastCloud } from '../../support/pastCloud.ts'

describe('a server', () => {
  it('removes by itself what is over, says so, and counts it', async (t) => {
    const { clock, count, env, execute } = await pastCloud(t, 3, {
      OS_HOUSEKEEPING__INTERVAL: '1',
      OS_HOUSEKEEPING__KEEP_EXPIRED_SECRETS: '30d',
      OS_HOUSEKEEPING__KEEP_TOMBSTONES: '5d',
    })
    clock.set('2001-07-02T00:00:00Z')
    const isDone = () => /housekeeping removed/.test(readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8'))
    for (let waits = 0; waits < 500 && !isDone(); waits += 1) await setTimeout(20)
    const [line = ''] = readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8')
      .split('\n')
      .filter((each) => each.includes('housekeeping removed'))
    assert.match(line, /"expiredSecrets":3,"tombstones":1,/)
    assert.equal(count('secrets'), 1)
    const tombstones = execute('select deleted_at from tombstones') as { deleted_at: string }[]
    assert.equal(tombstones.length, 3)
    for (const { deleted_at: at } of tombstones) assert.match(at, /^2001-07-02/)
  })

  it('keeps to the quotas of its settings', async (t) => {
    // One lives, and one was deleted and freed its place.
    const { ask } = await pastCloud(t, 0, { OS_QUOTAS__QUOTA_SECRETS: '2' })
    assert.equal((await ask('POST', '/v1/secrets', {})).status, 201)
    const refused = await ask('POST', '/v1/secrets', {})
    assert.equal(refused.status, 403)
    assert.match(await refused.text(), /Quota reached for secrets/)
    const quotas = (await (await ask('GET', '/v1/quotas')).json()) as object
    assert.deepEqual(quotas, {
      quotas: { secrets: 2, orders: -1, containers: -1, consumers: -1, cas: -1 },
    })
  })
})
