import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { backedUp, cli, elsewhere, findsAll, served } from '../support/backedUpCloud.ts'
import { emptyServerDatabase } from '../support/serverDatabase.ts'

for (const [kind, name] of [
  ['mysql', 'MariaDB'],
  ['postgresql', 'PostgreSQL'],
] as const) {
  describe(`from SQLite to ${name}`, () => {
    it('a cloud moves: payloads open, and the order that waited is done', async (t) => {
      const { env, file, key, order, alive } = await backedUp(t)
      const { url, drop } = await emptyServerDatabase(kind)
      const other = { ...elsewhere(t, env), OS_DATABASE__CONNECTION: url }
      const restored = await cli(other, 'restore', file, '--key', key)
      assert.equal(restored.code, 0, restored.err)
      await findsAll(await served(t, other), alive, order)
      // Behind the end of the server in the list of what is to be done.
      t.after(drop)
      const back = await cli(other, 'create', '--recipient', `${key}.pub`, '--output', `${file}2`)
      assert.equal(back.code, 0, back.err)
      const verified = await cli(other, 'verify', `${file}2`, '--key', key)
      assert.equal(verified.code, 0, verified.err)
      // Three were there, and a pair under a passphrase makes three more.
      assert.match(verified.out, /^opened {6}\d project keys, 6 secrets, 1 containers, 1 orders$/m)
    })
  })
}
