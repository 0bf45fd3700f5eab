import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { EXIT_CODES } from '../../src/cli/exitCodes.ts'
import { BIN, backup, envOf, filled, killed } from '../support/backupVictim.ts'
import { freshFolder } from '../support/runCli.ts'
import { NEEDS_MOUNT, smallDisk } from './mountedDisk.ts'

const BACKUPS = 12
const RESTORES = 6
const ROWS = 60_000

test(`of ${BACKUPS} backups killed while they are made, each is whole or not there`, async (t) => {
  const { folder, key, env } = await filled(t, ROWS)
  let kills = 0
  for (let round = 0; round < BACKUPS; round += 1) {
    const file = join(folder, `backup-${round}`)
    const args = ['create', '--recipient', `${key}.pub`, '--output', file]
    const isUnderWay = () => readdirSync(folder).some((name) => name.startsWith(`backup-${round}.`))
    const isKilled = await killed(env, args, isUnderWay)
    if (isKilled && !existsSync(file)) kills += 1
    else assert.equal((await backup(env, 'verify', file, '--key', key, '--without-kek')).code, 0)
    // What lies about of one that was killed is in nobody's way.
    assert.equal((await backup(env, ...args, '--force')).code, 0)
    rmSync(file)
  }
  t.diagnostic(`${kills} of ${BACKUPS} were killed in the middle`)
  assert.ok(kills > 0, 'none was killed in the middle')
})

test(`of ${RESTORES} restores killed under way, each leaves all or nothing, and works again`, async (t) => {
  const { folder, key, env } = await filled(t, ROWS)
  const file = join(folder, 'backup')
  assert.equal((await backup(env, 'create', '--recipient', `${key}.pub`, '--output', file)).code, 0)
  let kills = 0
  for (let round = 0; round < RESTORES; round += 1) {
    const other = freshFolder(t)
    const path = join(other, 'gatehouse.sqlite')
    const isUnderWay = () => (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 100_000
    await killed(envOf(other), ['restore', file, '--key', key], isUnderWay)
    const found = countIn(path)
    assert.ok([0, ROWS + 2].includes(found), `round ${round}: ${found} secrets`)
    if (found > 0) continue
    kills += 1
    const again = await backup(envOf(other), 'restore', file, '--key', key)
    assert.equal(again.code, 0, again.err)
    assert.equal(countIn(path), ROWS + 2)
    rmSync(other, { recursive: true })
  }
  t.diagnostic(`${kills} of ${RESTORES} were killed in the middle`)
  assert.ok(kills > 0, 'none was killed in the middle')
})

test('a backup that is interrupted takes away what it had written', async (t) => {
  const { folder, key, env } = await filled(t, ROWS)
  const file = join(folder, 'backup')
  const args = ['create', '--recipient', `${key}.pub`, '--output', file]
  const victim = spawn(process.execPath, [BIN, 'backup', ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const complaints = text(victim.stderr)
  const closed = once(victim, 'close')
  const leftovers = () => readdirSync(folder).filter((name) => name.startsWith('backup'))
  while (victim.exitCode === null && leftovers().length === 0) await delay(2)
  victim.kill('SIGINT')
  await closed
  assert.match(await complaints, /^gatehouse: Interrupted: nothing was kept\.$/m)
  assert.equal(victim.exitCode, EXIT_CODES.backup.code)
  assert.deepEqual(leftovers(), [])
})

test('a disk that fills up under a backup is one sentence, and nothing lies about', {
  skip: NEEDS_MOUNT,
}, async (t) => {
  const { key, env } = await filled(t, 20_000)
  const { folder: disk } = smallDisk(t, 1024)
  const file = join(disk, 'backup')
  const run = await backup(env, 'create', '--recipient', `${key}.pub`, '--output', file)
  assert.equal(run.code, EXIT_CODES.backup.code)
  assert.match(run.err, /^gatehouse: The backup .* cannot be written: ENOSPC\.$/m)
  assert.deepEqual(readdirSync(disk), [])
})

test('a disk that fills up under a restore leaves it empty, and it works when there is room', {
  skip: NEEDS_MOUNT,
}, async (t) => {
  const { folder, key, env } = await filled(t, 20_000)
  const file = join(folder, 'backup')
  assert.equal((await backup(env, 'create', '--recipient', `${key}.pub`, '--output', file)).code, 0)
  const { folder: disk } = smallDisk(t, 40 * 1024)
  const state = join(disk, 'state')
  const filler = join(disk, 'filler')
  writeFileSync(filler, Buffer.alloc(38 * 1024 * 1024))
  const full = await backup(envOf(state), 'restore', file, '--key', key)
  assert.equal(full.code, EXIT_CODES.database.code, full.err)
  assert.match(full.err, /^gatehouse: The database .* cannot be read or written: SQLITE_FULL/m)
  rmSync(filler)
  assert.equal(countIn(join(state, 'gatehouse.sqlite')), 0)
  const again = await backup(envOf(state), 'restore', file, '--key', key)
  assert.equal(again.code, 0, again.err)
  assert.equal(countIn(join(state, 'gatehouse.sqlite')), 20_002)
})

/** As the next process finds it: what a killed one left in the log is judged now. */
function countIn(path: string): number {
  const database = new Sqlite(path)
  try {
    assert.equal(database.pragma('integrity_check', { simple: true }), 'ok')
    return database.prepare('select count(*) from secrets').pluck().get() as number
  } finally {
    database.close()
  }
}
