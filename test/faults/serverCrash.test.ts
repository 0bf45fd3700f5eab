import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gatehouse } from '../peers/gatehouse.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import { ApiHammer } from './apiHammer.ts'
import { CrashLedger } from './crashLedger.ts'
import { assertNothingTorn, assertPromisesKept } from './promises.ts'
import { roundsOf } from './rounds.ts'

const CALLERS = 16

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

const DATABASES = {
  SQLite: async () => ({}),
  MariaDB: async (t: CleansUp) => ({ database: { connection: (await ownMariadb(t)).url } }),
  PostgreSQL: async (t: CleansUp) => ({ database: { connection: (await ownPostgres(t)).url } }),
}

for (const [name, configurationOn] of Object.entries(DATABASES)) {
  const rounds = roundsOf(name)
  test(`${rounds} kills of the server under load on ${name}: every acknowledged secret opens, every delete is gone`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'gatehouse-server-crash-'))
    t.after(() => rmSync(folder, { recursive: true, force: true }))
    const configuration = await configurationOn(t)
    const server = await Gatehouse.start({ name: 'victim', folder, configuration })
    t.after(() => server.kill())
    const printed = await server.command('token', 'issue', '--project', 'p', '--role', 'creator')
    const token = printed.trim().split('\n').at(-1) ?? ''

    const ledger = new CrashLedger()
    const hammer = () =>
      new ApiHammer({ origin: server.url, token, say: (line) => ledger.hear(`${line}\n`) })
    let known = 0
    for (let round = 1; round <= rounds; round += 1) {
      const callers = hammer()
      const hammering = callers.run(CALLERS)
      await Promise.race([delay(20 + randomInt(400)), hammering])
      await server.kill()
      await hammering
      callers.close()

      await server.startAgain()
      const survivors = hammer()
      const isLast = round === rounds
      const touched = ledger.keys
      const ids = isLast ? touched : touched.slice(known)
      await assertPromisesKept(ledger, ids, survivors, `round ${round}`)
      known = touched.length
      if (isLast) await assertNothingTorn(survivors)
      survivors.close()
    }
    assert.ok(ledger.acknowledged > rounds * 5, `only ${ledger.acknowledged} acknowledged`)
    t.diagnostic(
      `${name}: ${rounds} rounds, ${ledger.acknowledged} changes acknowledged, ${ledger.keys.length} secrets`,
    )
  })
}
