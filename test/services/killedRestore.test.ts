import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { backup, envOf, filled, killed } from '../support/backupVictim.ts'
import { freshFolder } from '../support/runCli.ts'
import { emptyServerDatabase } from '../support/serverDatabase.ts'

const ROWS = 60_000
const KINDS = {
  // What is not committed yet shows to whoever asks for it, and to nobody else.
  mysql: {
    name: 'MariaDB',
    isolation: 'read uncommitted',
    underWay: 'select 1 as found from (select id from secrets limit 1000, 1) uncommitted',
  },
  postgresql: {
    name: 'PostgreSQL',
    isolation: 'read committed',
    underWay:
      'select 1 as found from pg_stat_activity where datname = current_database() ' +
      "and query like 'insert into secrets %'",
  },
} as const

for (const kind of ['mysql', 'postgresql'] as const) {
  const { name, isolation, underWay } = KINDS[kind]
  test(`a restore into ${name} that was killed leaves nothing, and works again`, async (t) => {
    const { folder, key, env } = await filled(t, ROWS)
    const file = join(folder, 'backup')
    const made = await backup(env, 'create', '--recipient', `${key}.pub`, '--output', file)
    assert.equal(made.code, 0, made.err)
    const { url, execute, drop } = await emptyServerDatabase(kind)
    t.after(drop)
    const count = () => Number(execute('select count(*) as counted from secrets')[0]?.['counted'])
    const other = { ...envOf(freshFolder(t)), OS_DATABASE__CONNECTION: url }
    const isolate = (level: string) =>
      execute(
        kind === 'mysql'
          ? `set session transaction isolation level ${level}`
          : `set session characteristics as transaction isolation level ${level}`,
      )
    // The schema first: its tables come with the restore.
    const hasTable = () =>
      execute(
        "select 1 as found from information_schema.tables where table_name = 'secrets' " +
          `and table_schema = ${kind === 'mysql' ? 'database()' : 'current_schema()'}`,
      ).length > 0
    const isUnderWay = () => hasTable() && execute(underWay).length > 0
    isolate(isolation)
    const isKilled = await killed(other, ['restore', file, '--key', key], isUnderWay, 40)
    assert.ok(isKilled, 'it was done before it was killed')
    isolate('read committed')
    assert.equal(count(), 0)
    const again = await backup(other, 'restore', file, '--key', key)
    assert.equal(again.code, 0, again.err)
    assert.equal(count(), ROWS + 2)
  })
}
