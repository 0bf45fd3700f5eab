import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import Sqlite from 'better-sqlite3'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { backedUp, cli, elsewhere, findsAll, served } from '../support/backedUpCloud.ts'
import { fillEveryTable } from '../support/everyTable.ts'
import { PAYLOAD, pastCloud } from '../support/pastCloud.ts'
import { freshEnvironment, freshFolder, runCli } from '../support/runCli.ts'

describe('gatehouse backup', () => {
  it('moves a cloud: another server finds every payload, and the order that waited', async (t) => {
    const { env, file, key, order, alive, made } = await backedUp(t)
    assert.match(made.out, /^rows {8}\d+ in 21 tables$/m)
    const other = elsewhere(t, env)
    const restored = await cli(other, 'restore', file, '--key', key)
    assert.equal(restored.code, 0, restored.err)
    assert.match(restored.out, /^verdict {5}read back equal/m)
    await findsAll(await served(t, other), alive, order)
  })

  it('verifies: opens all that is sealed, and leaves nothing behind', async (t) => {
    const { env, file, key, order } = await backedUp(t)
    const run = await cli(env, 'verify', file, '--key', key)
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /^opened {6}1 project keys, 3 secrets, 0 containers, 1 orders$/m)
    assert.match(run.out, /^verdict {5}everything opens$/m)
    assert.ok(order !== '')
    const left = readdirSync(env.STATE_DIRECTORY).filter((name) => name.startsWith('backup-'))
    assert.deepEqual(left, [])
  })

  it('names what does not open, and ends with a code of its own', async (t) => {
    const { env, execute, key, file, create, alive, order } = await backedUp(t)
    const secret = alive.slice(-36)
    execute("update secrets set creator_id = 'mallory' where id = ?", secret)
    execute('update order_tasks set sealed_input = ?', Buffer.alloc(150))
    assert.equal((await create('--force')).code, 0)
    const run = await cli(env, 'verify', file, '--key', key)
    assert.equal(run.code, EXIT_CODES.backup.code)
    assert.match(run.out, /^damaged {5}2, as in the database/m)
    assert.ok(run.out.includes(`The stored secret ${secret}: row MAC does not match.`), run.out)
    assert.ok(run.out.includes(`The stored order ${order.slice(-36)}: envelope`), run.out)
    // The file itself is what was written.
    assert.equal((await cli(env, 'verify', file, '--key', key, '--without-kek')).code, 0)
  })

  it('says that the KEKs at hand are not those of the backup', async (t) => {
    const { file, key } = await backedUp(t)
    const stranger = await pastCloud(t)
    const run = await cli(stranger.env, 'verify', file, '--key', key)
    assert.equal(run.code, EXIT_CODES.keys.code, run.err)
    assert.match(run.err, /fingerprint/)
    const none = await cli(freshEnvironment(t), 'verify', file, '--key', key)
    assert.equal(none.code, EXIT_CODES.keys.code, none.err)
  })

  it('looks at the file alone with --without-kek, with no settings, database or keyring', async (t) => {
    const { file, key } = await backedUp(t)
    const empty = freshEnvironment(t)
    const run = await cli(empty, 'verify', file, '--key', key, '--without-kek')
    assert.equal(run.code, 0, run.err)
    assert.match(run.out, /its envelopes were not opened$/m)
    assert.ok(!existsSync(empty.STATE_DIRECTORY))
  })

  it('refuses what is no whole backup in one sentence', async (t) => {
    const { env, file, key, folder } = await backedUp(t)
    const whole = readFileSync(file)
    const cut = join(folder, 'cut')
    writeFileSync(cut, whole.subarray(0, -20))
    const other = elsewhere(t, env)
    for (const args of [
      ['verify', cut, '--key', key, '--without-kek'],
      ['verify', cut, '--key', key],
      ['restore', cut, '--key', key],
    ]) {
      const run = await cli(other, ...args)
      assert.equal(run.code, EXIT_CODES.backup.code)
      assert.match(run.err, /^gatehouse: The backup was cut short: it ends inside chunk 1\.\n$/m)
    }
    const missing = await cli(other, 'restore', join(folder, 'none'), '--key', key)
    assert.equal(missing.code, EXIT_CODES.backup.code)
    assert.match(missing.err, /cannot be read: ENOENT/)
    // What was refused is as empty as it was.
    assert.equal((await cli(other, 'restore', file, '--key', key)).code, 0)
  })

  it('does not restore over anything', async (t) => {
    const { env, file, key, alive, ask } = await backedUp(t)
    const run = await cli(env, 'restore', file, '--key', key)
    assert.equal(run.code, EXIT_CODES.database.code)
    assert.match(run.err, /The database is not empty \(deployment has rows\)/)
    assert.equal(await (await ask('GET', `${alive}/payload`)).text(), PAYLOAD)
  })

  it('writes a file for its owner alone, and none over another without --force', async (t) => {
    const { file, create } = await backedUp(t)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    const before = readFileSync(file)
    const refused = await create()
    assert.equal(refused.code, EXIT_CODES.backup.code)
    assert.match(refused.err, /is there already: name another file, or give --force\./)
    assert.deepEqual(readFileSync(file), before)
    assert.equal((await create('--force')).code, 0)
    assert.notDeepEqual(readFileSync(file), before)
  })

  it('holds neither a KEK nor a payload nor a name that anybody could read', async (t) => {
    const { env, file } = await backedUp(t)
    const bytes = readFileSync(file)
    const keyring = readFileSync(join(env.STATE_DIRECTORY, 'keyring'))
    const kek = keyring.subarray(keyring.indexOf('\n') + 1)
    assert.equal(kek.length, 32)
    for (const secret of [kek, PAYLOAD, 'text/plain', 'order_tasks']) {
      assert.ok(!bytes.includes(secret), String(secret))
    }
  })

  it('of a database that waits for its upgrade is made, and restored upgraded', async (t) => {
    const env = freshEnvironment(t)
    mkdirSync(env.STATE_DIRECTORY, { mode: 0o700 })
    const url = `sqlite:///${join(env.STATE_DIRECTORY, 'gatehouse.sqlite')}`
    await upgradeSchema(url, '0001-secrets-and-orders')
    await fillEveryTable(url, '0001-secrets-and-orders')
    const folder = freshFolder(t)
    const [key, file] = [join(folder, 'key'), join(folder, 'backup')]
    await cli(env, 'keygen', '--output', key)
    const made = await cli(env, 'create', '--recipient', `${key}.pub`, '--output', file)
    assert.equal(made.code, 0, made.err)
    const other = freshEnvironment(t)
    assert.equal((await cli(other, 'restore', file, '--key', key)).code, 0)
    const status = runCli({ args: ['db', 'status'], env: other })
    assert.equal(await status.code, 0)
  })

  it('is refused of a database that is not there, never served, or is too new', async (t) => {
    const env = freshEnvironment(t)
    const folder = freshFolder(t)
    const key = join(folder, 'key')
    await cli(env, 'keygen', '--output', key)
    const output = join(folder, 'backup')
    const create = () => cli(env, 'create', '--recipient', `${key}.pub`, '--output', output)
    const none = await create()
    assert.equal(none.code, EXIT_CODES.database.code)
    assert.match(none.err, /There is no database yet/)
    assert.equal(await runCli({ args: ['db', 'upgrade'], env }).code, 0)
    const unused = await create()
    assert.equal(unused.code, EXIT_CODES.refused.code)
    assert.match(unused.err, /no server has used it yet/)
    const database = new Sqlite(join(env.STATE_DIRECTORY, 'gatehouse.sqlite'))
    database.exec(
      "insert into knex_migrations (name, batch, migration_time) values ('9999-newer', 9, 0)",
    )
    database.close()
    const newer = await create()
    assert.equal(newer.code, EXIT_CODES.newerSchema.code)
    assert.ok(!existsSync(output))
  })
})

describe('keys for gatehouse backup', () => {
  it('are made once, the private half for its owner alone', async (t) => {
    const key = join(freshFolder(t), 'key')
    const run = await cli({}, 'keygen', '--output', key)
    assert.equal(run.code, 0, run.err)
    assert.equal(statSync(key).mode & 0o777, 0o600)
    const before = readFileSync(key)
    const again = await cli({}, 'keygen', '--output', key)
    assert.equal(again.code, EXIT_CODES.refused.code)
    assert.match(again.err, /is there already, and a key is never overwritten/)
    assert.deepEqual(readFileSync(key), before)
  })

  it('may be under a passphrase, which is then wanted', async (t) => {
    const { env, folder, file } = await backedUp(t)
    const key = join(folder, 'sealed')
    const passphrase = join(folder, 'passphrase')
    writeFileSync(passphrase, 'correct horse\n', { mode: 0o600 })
    await cli(env, 'keygen', '--output', key, '--passphrase-file', passphrase)
    const args = ['create', '--recipient', `${key}.pub`, '--output', file, '--force']
    assert.equal((await cli(env, ...args)).code, 0)
    const without = await cli(env, 'verify', file, '--key', key, '--without-kek')
    assert.equal(without.code, EXIT_CODES.backup.code)
    assert.match(without.err, /wants its passphrase/)
    const sealed = ['verify', file, '--key', key, '--passphrase-file', passphrase]
    assert.equal((await cli(env, ...sealed, '--without-kek')).code, 0)
  })

  it('that others may read are refused', async (t) => {
    const { env, file, key } = await backedUp(t)
    chmodSync(key, 0o644)
    const run = await cli(env, 'verify', file, '--key', key, '--without-kek')
    assert.match(run.err, /is open to other users \(mode 0644\)/)
    assert.equal(run.code, EXIT_CODES.backup.code)
  })

  it('of several recipients each opens the backup alone', async (t) => {
    const { env, folder, file, key } = await backedUp(t)
    const second = join(folder, 'second')
    await cli(env, 'keygen', '--output', second)
    const recipients = ['--recipient', `${key}.pub`, '--recipient', `${second}.pub`]
    const made = await cli(env, 'create', ...recipients, '--output', file, '--force')
    assert.equal(made.out.match(/^sealed to/gm)?.length, 2)
    for (const one of [key, second]) {
      assert.equal((await cli(env, 'verify', file, '--key', one, '--without-kek')).code, 0)
    }
  })
})
