import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { pastCloud } from '../support/pastCloud.ts'
import { makeCertificate } from '../support/storedCertificates.ts'

describe('a server', () => {
  it('removes by itself what is over, says so, and counts it', async (t) => {
    const { clock, count, env, execute } = await pastCloud(t, 3, {
      OS_HOUSEKEEPING__INTERVAL: '1',
      OS_HOUSEKEEPING__KEEP_EXPIRED_SECRETS: '30d',
      OS_HOUSEKEEPING__KEEP_TOMBSTONES: '5d',
    })
    clock.set('2001-07-02T00:00:00Z')
    const isDone = () => /housekeeping removed/.test(readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8'))
    for (let waits = 0; waits < 3_000 && !isDone(); waits += 1) await setTimeout(20)
    const [line = ''] = readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8')
      .split('\n')
      .filter((each) => each.includes('housekeeping removed'))
    assert.match(line, /"expiredSecrets":3,"tombstones":1,/)
    assert.equal(count('secrets'), 1)
    const tombstones = execute('select deleted_at from tombstones') as { deleted_at: string }[]
    assert.equal(tombstones.length, 3)
    for (const { deleted_at: at } of tombstones) assert.match(at, /^2001-07-02/)
  })

  it('warns once of a stored certificate that ends soon, and shows how many do', async (t) => {
    const { clock, env, ask } = await pastCloud(t, 0, { OS_HOUSEKEEPING__INTERVAL: '1' })
    const until = '2001-02-01T00:00:00Z'
    const { pem } = await makeCertificate('lb', { from: '2001-01-01T00:00:00Z', until })
    const text = { payload: pem, payload_content_type: 'text/plain', secret_type: 'certificate' }
    const stored = await ask('POST', '/v1/secrets', text)
    const { secret_ref: ref } = (await stored.json()) as { secret_ref: string }
    clock.set('2001-01-26T00:00:00Z')
    const log = (): readonly string[] => readFileSync(env.OS_DEFAULT__LOG_FILE, 'utf8').split('\n')
    const line = log().find((each) => each.includes('metrics and readiness')) ?? ''
    const { address } = JSON.parse(line) as { address: string }
    const metrics = async () => (await fetch(`${address}/metrics`)).text()
    const runs = async () =>
      Number(/housekeeping_runs_total{outcome="done"} (\d+)/.exec(await metrics())?.[1] ?? 0)
    const first = await runs()
    for (let waits = 0; waits < 3_000 && (await runs()) < first + 3; waits += 1)
      await setTimeout(20)
    const shown = await metrics()
    const counts = [
      ...shown.matchAll(/^gatehouse_stored_certificates_ending{left="(\w+)"} (\d)$/gm),
    ]
    assert.deepEqual(
      counts.map(([, left, count]) => [left, count]),
      [
        ['expired', '0'],
        ['1d', '0'],
        ['7d', '1'],
        ['30d', '0'],
      ],
    )
    assert.ok(!shown.includes(ref.slice(-36)))
    const warnings = log().filter((each) => each.includes('a stored certificate ends soon'))
    assert.equal(warnings.length, 1)
    const { secretId, projectId, days, until: ends } = JSON.parse(warnings[0] ?? '{}')
    assert.deepEqual(
      [secretId, projectId, days, ends],
      [ref.slice(-36), 'p', 7, until.slice(0, -1)],
    )
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
