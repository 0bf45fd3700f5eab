import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadedFrom, mistakesIn } from './loadedFrom.ts'

const DAY = 86_400

describe('the settings of quotas', () => {
  it("are Barbican's, unlimited unless given, and nobody else's any more", (t) => {
    const { settings, notices } = loadedFrom(
      t,
      '[quotas]\nquota_secrets = 500\nquota_orders = 0\nquota_containers = -3\nquota_cas = 10\n',
    )
    assert.deepEqual(settings.quotas, {
      quota_secrets: 500,
      quota_orders: 0,
      quota_containers: -3,
      quota_consumers: -1,
      quota_cas: 10,
    })
    assert.deepEqual(notices, [])
  })

  it('refuse what is no number, and one that was misspelt', (t) => {
    const wrong = '[quotas]\nquota_secrets = many\nquota_orders = 2147483648\nquota_secret = 1\n'
    const mistakes = mistakesIn(t, wrong)
    assert.equal(mistakes.length, 3)
    assert.match(mistakes.join('\n'), /quota_secret is unknown; did you mean quota_secrets\?/)
  })
})

describe('the settings of housekeeping', () => {
  it('destroy nothing that ended less than 90 days ago unless told so', (t) => {
    const { settings } = loadedFrom(t, '')
    assert.deepEqual(settings.housekeeping, {
      interval: 3600,
      keep_expired_secrets: 90 * DAY,
      keep_tombstones: 365 * DAY,
    })
  })

  it('take times in units, 0, and forever', (t) => {
    const { settings } = loadedFrom(
      t,
      '[housekeeping]\ninterval = 0\nkeep_expired_secrets = 12h\nkeep_tombstones = forever\n',
    )
    assert.deepEqual(settings.housekeeping, {
      interval: 0,
      keep_expired_secrets: 43_200,
      keep_tombstones: 'forever',
    })
    assert.equal(
      loadedFrom(t, '[housekeeping]\nkeep_expired_secrets = 0\n').settings.housekeeping
        .keep_expired_secrets,
      0,
    )
  })

  it('refuse what could be misread', (t) => {
    for (const wrong of ['never', '90 days', '-1', '1.5d', '40000d']) {
      assert.equal(mistakesIn(t, `[housekeeping]\nkeep_tombstones = ${wrong}\n`).length, 1, wrong)
    }
    assert.match(
      mistakesIn(t, '[housekeeping]\nkeep_secrets = 1d\n').join(),
      /keep_secrets is unknown; \[housekeeping\] has interval, keep_expired_secrets/,
    )
  })
})
