import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { backup, envOf, filled, killed } from '../support/backupVictim.ts'
import { freshFolder } from '../support/runCli.ts'
import { emptyServerDatabase } from '../support/serverDatabase.ts'

const ROWS = 30_000
const KINDS = {
  mysql: {
    name: 'MariaDB',
    underWay:
      'select 1 from information_schema.processlist p join information_schema.innodb_trx t ' +
      'on t.trx_mysql_thread_id = p.id where p.db = database() and t.trx_rows_modified > 1000',
  },
  postgresql: {
    name: 'PostgreSQL',
    underWay:
      'select 1 from pg_stat_activity where datname = current_database() ' +
      "and query like 'insert into secrets %'",
  },
} as const

for (const kind of ['mysql', 'postgresql'] as const) {
  const { name, underWay } = KINDS[kind]
  test(`a restore into ${name} that was killed leaves nothing, and works again`, async (t) => {
    const { folder, key, env } = await filled(t, ROWS)
    const file = join(folder, 'backup')
    const made = await backup(env, 'create', '--recipient', `${key}.pub`, '--output', file)
    assert.equal(made.code, 0, made.err)
    const { url, execute, drop } = await emptyServerDatabase(kind)
    t.after(drop)
    const count = () => Number(execute('select count(*) as counted from secrets')[0]?.['counted'])
    const other = { ...envOf(freshFolder(t)), OS_DATABASE__CONNECTION: url }
    const isUnderWay = () => execute(underWay).length > 0
    const isKilled = await killed(other, ['restore', file, '--key', key], isUnderWay)
    assert.ok(isKilled, 'it was done before it was killed')
    assert.equal(count(), 0)
    const again = await backup(other, 'restore', file, '--key', key)
    assert.equal(again.code, 0, again.err)
    assert.equal(count(), ROWS + 2)
  })
}
