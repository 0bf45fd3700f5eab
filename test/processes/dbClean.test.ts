import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { runBarbicanManage } from '../../src/cli/barbicanManage.ts'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { PAYLOAD, pastCloud } from '../support/pastCloud.ts'
import { freshEnvironment, runCli } from '../support/runCli.ts'

describe('gatehouse db clean', () => {
  it('counts with --dry-run and changes nothing, with no keyring at hand', async (t) => {
    const { clean, count, env } = await pastCloud(t)
    renameSync(join(env.STATE_DIRECTORY, 'keyring'), join(env.STATE_DIRECTORY, 'away'))
    const run = await clean('--dry-run', '-e')
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /^expired secrets {2}2 would be removed \(expired until .* UTC\)$/m)
    assert.match(run.out, /^tombstones {7}1 would be removed \(deleted until .* UTC\)$/m)
    assert.equal(count('secrets'), 3)
    assert.equal(count('tombstones'), 1)
  })

  it('without -e removes tombstones alone', async (t) => {
    const { clean, count } = await pastCloud(t)
    const run = await clean()
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /^expired secrets {2}not looked at$/m)
    assert.match(run.out, /^tombstones {7}1 removed/m)
    assert.equal(count('secrets'), 3)
    assert.equal(count('tombstones'), 0)
  })

  it('removes expired secrets beside the running server, which goes on', async (t) => {
    const { clean, count, execute, ask, alive } = await pastCloud(t)
    const run = await clean('-e')
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /^expired secrets {2}2 removed/m)
    assert.match(run.out, /^log {14}emptied/m)
    assert.equal(count('secrets'), 1)
    // New tombstones are young: they stay.
    const tombstones = execute("select kind from tombstones where kind = 'secret'") as unknown[]
    assert.equal(tombstones.length, 2)
    const payload = await ask('GET', `${alive}/payload`)
    assert.equal(await payload.text(), PAYLOAD)
    const made = await ask('POST', '/v1/secrets', {})
    assert.equal(made.status, 201)
  })

  it('leaves nothing of a destroyed key in database and log', async (t) => {
    const { clean, execute, path, stop, expired } = await pastCloud(t, 1)
    await stop()
    const [row] = execute('select envelope from secrets where id = ?', expired[0]?.slice(-36)) as {
      envelope: Buffer
    }[]
    const wrappedKey = row?.envelope.subarray(12, 72) ?? assert.fail('no envelope')
    assert.ok(readFileSync(path).includes(wrappedKey), 'it can be found while it is there')
    const run = await clean('-e')
    assert.equal(run.code, 0, run.err)
    for (const file of [path, `${path}-wal`]) {
      if (existsSync(file)) assert.ok(!readFileSync(file).includes(wrappedKey), file)
    }
  })

  it('takes -m as days since the end, and 0 or less as now, in one run (Q51)', async (t) => {
    const { clean, count } = await pastCloud(t)
    const years = await clean('-e', '-m', '20000')
    assert.match(years.out, /expired secrets {2}0 removed/)
    assert.match(years.out, /tombstones {7}0 removed/)
    // What -e removes is a tombstone afterwards, and with -m 0 that goes in the same run.
    const now = await clean('-e', '-m', '0')
    assert.equal(now.code, 0, now.err)
    assert.match(now.out, /expired secrets {2}2 removed/)
    assert.equal(count('tombstones'), 0)
    assert.equal((await clean('-e', '-m', '-1')).code, 0)
  })

  it('leaves a record that is not as it was written, names it, and ends with 1', async (t) => {
    const { clean, count, execute, alive } = await pastCloud(t)
    const id = alive.slice(-36)
    execute('update secrets set expires_at = ? where id = ?', '2001-01-02T00:00:00.000000', id)
    const run = await clean('-e')
    assert.equal(run.code, EXIT_CODES.refused.code)
    assert.match(run.out, /expired secrets {2}2 removed/)
    assert.match(run.out, /damaged {10}1 left/)
    assert.ok(run.out.includes(`  secret ${id}: row MAC does not match`))
    assert.equal(count('secrets'), 1)
  })

  it('says with -v after every batch how far it is, on standard error', async (t) => {
    const { clean } = await pastCloud(t, 5)
    const run = await clean('-e', '-v', '--batch-size', '2')
    assert.equal(run.code, 0, run.err)
    const lines = run.err.split('\n').filter((line) => line.includes('expired secrets'))
    assert.deepEqual(lines, [
      '2 of 5 expired secrets removed',
      '4 of 5 expired secrets removed',
      '5 of 5 expired secrets removed',
    ])
    const quiet = await clean('-e')
    assert.equal(quiet.err, '')
  })

  it('needs the keys that verify what it destroys', async (t) => {
    const { clean, count, env, stop } = await pastCloud(t)
    await stop()
    renameSync(join(env.STATE_DIRECTORY, 'keyring'), join(env.STATE_DIRECTORY, 'away'))
    const run = await clean('-e')
    assert.equal(run.code, EXIT_CODES.keys.code)
    assert.equal(count('secrets'), 3)
    assert.ok(!existsSync(join(env.STATE_DIRECTORY, 'keyring')), 'none is made')
  })

  it('wants --min-days where expired secrets are kept for ever', async (t) => {
    const { env, count } = await pastCloud(t)
    const forever = { ...env, OS_HOUSEKEEPING__KEEP_EXPIRED_SECRETS: 'forever' }
    const run = runCli({ args: ['db', 'clean', '-e'], env: forever })
    assert.equal(await run.code, EXIT_CODES.usage.code)
    assert.match(run.err(), /--min-days/)
    const days = runCli({ args: ['db', 'clean', '-e', '-m', '1'], env: forever })
    assert.equal(await days.code, 0)
    assert.equal(count('secrets'), 1)
  })

  it('makes no database where there is none', async (t) => {
    const env = freshEnvironment(t)
    const run = runCli({ args: ['db', 'clean', '-e'], env })
    assert.equal(await run.code, 0)
    assert.match(run.out(), /no database/)
    assert.ok(!existsSync(join(env.STATE_DIRECTORY, 'gatehouse.sqlite')))
  })

  it('refuses days and batches that are no whole numbers', async (t) => {
    const env = freshEnvironment(t)
    for (const args of [
      ['-m', 'x'],
      ['-m', '1.5'],
      ['--batch-size', '0'],
      ['--batch-size', 'all'],
    ]) {
      const run = runCli({ args: ['db', 'clean', ...args], env })
      assert.equal(await run.code, EXIT_CODES.usage.code, args.join(' '))
    }
  })
})

describe('barbican-manage db clean', () => {
  it('takes the options of Barbican, both names of the command, and 90 days where none are given', async (t) => {
    const { manage, count } = await pastCloud(t)
    const young = await manage('db', 'clean', '-p', '-V', '-L', 'somewhere.log', '-m', '20000')
    assert.equal(young.code, 0, young.err)
    assert.equal(count('tombstones'), 1)
    const old = await manage('clean', '-p')
    assert.equal(old.code, 0, old.err)
    assert.match(old.out, /tombstones {7}1 removed/)
    assert.equal(count('secrets'), 3)
    for (const flag of ['--soft-delete-expired-secrets', '--soft-delete-expired', '-e']) {
      assert.equal((await manage('db', 'clean', flag, '--min-days', '90')).code, 0, flag)
    }
    assert.equal(count('secrets'), 1)
  })

  it('cleans the database that -d names', async (t) => {
    const { count, path } = await pastCloud(t)
    const elsewhere = freshEnvironment(t)
    const args = ['db', 'clean', '-d', `sqlite:///${path}`, '-m', '0']
    const run = runCli({ args, env: elsewhere, run: runBarbicanManage })
    assert.equal(await run.code, 0)
    assert.equal(count('tombstones'), 0)
  })
})
