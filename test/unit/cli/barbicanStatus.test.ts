import assert from 'node:assert/strict'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import Database from 'better-sqlite3'
import { runBarbicanManage } from '../../../src/cli/barbicanManage.ts'
import { runBarbicanStatus } from '../../../src/cli/barbicanStatus.ts'
import { freshEnvironment, freshFolder, runCli } from '../../support/runCli.ts'

const check = (env: object, args: readonly string[] = ['upgrade', 'check']) =>
  runCli({ args, env: { ...env }, run: runBarbicanStatus })

describe('barbican-status upgrade check', () => {
  it('finds nothing in the way before the first start, and makes nothing', async (t) => {
    const env = freshEnvironment(t)
    const run = check(env)
    assert.equal(await run.code, 0, run.out())
    assert.match(
      run.out(),
      /^Settings: success\nPolicy: success\nSchema: success\nKey-encryption keys: success\n$/,
    )
    assert.ok(!existsSync(env.STATE_DIRECTORY))
  })

  it('ends with 2 when a setting is wrong, and names it', async (t) => {
    const run = check({ ...freshEnvironment(t), OS_DEFAULT__BIND_PORT: 'x' })
    assert.equal(await run.code, 2)
    assert.match(run.out(), /^Settings: failure: .*\n.*bind_port is "x"/)
  })

  it('ends with 2 when the database is of a newer release', async (t) => {
    const env = freshEnvironment(t)
    assert.equal(await runCli({ args: ['upgrade'], env, run: runBarbicanManage }).code, 0)
    const database = new Database(join(env.STATE_DIRECTORY, 'gatehouse.sqlite'))
    database
      .prepare(
        'insert into knex_migrations (name, batch, migration_time) values (?, 99, current_timestamp)',
      )
      .run('9999-of-another-day')
    database.close()
    const run = check(env)
    assert.equal(await run.code, 2)
    assert.match(run.out(), /Schema: failure: .*9999-of-another-day/)
  })

  it('ends with 2 when the policy cannot be enforced, and with 1 when it is JSON', async (t) => {
    const folder = freshFolder(t)
    const settings = join(folder, 'barbican.conf')
    writeFileSync(settings, '[oslo_policy]\npolicy_file = policy.json\n')
    writeFileSync(join(folder, 'policy.json'), '{"secret:get": "role:creator"}')
    const args = ['--config-file', settings, 'upgrade', 'check']
    const known = check(freshEnvironment(t), args)
    assert.equal(await known.code, 1, known.out())
    assert.match(known.out(), /Policy: warning: .*policy\.json is JSON/)
    writeFileSync(join(folder, 'policy.json'), '{"secret:get": "role:"')
    const broken = check(freshEnvironment(t), args)
    assert.equal(await broken.code, 2, broken.out())
    assert.match(broken.out(), /Policy: failure: The policy cannot be enforced/)
  })

  it('ends with 2 when the KEK of the settings cannot be used', async (t) => {
    const env = freshEnvironment(t)
    mkdirSync(env.STATE_DIRECTORY, { mode: 0o700 })
    writeFileSync(join(env.STATE_DIRECTORY, 'keyring'), 'no keyring', { mode: 0o600 })
    const run = check(env)
    assert.equal(await run.code, 2)
    assert.match(run.out(), /Key-encryption keys: failure: .*keyring/)
  })

  it('says with 0 what does nothing here: it stands in nobody’s way', async (t) => {
    const folder = freshFolder(t)
    const settings = join(folder, 'barbican.conf')
    writeFileSync(settings, '[queue]\nenable = True\n')
    const run = check(freshEnvironment(t), ['--config-file', settings, 'upgrade', 'check'])
    assert.equal(await run.code, 0)
    assert.match(run.out(), /Settings: success: Options that do nothing here: \[queue\] enable\./)
    rmSync(settings)
  })

  it('ends with 255 when it is not understood', async (t) => {
    for (const args of [['upgrade', 'chekc'], ['upgrade'], []]) {
      assert.equal(await check(freshEnvironment(t), args).code, 255, args.join(' '))
    }
  })
})
