import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import Sqlite from 'better-sqlite3'
import { openDatabase } from '../../src/db/database.ts'
import { schemaStatus } from '../../src/db/schema.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { CrashLedger } from './crashLedger.ts'
import { killAtRandom, startNode } from './killAtRandom.ts'
import { digestIn } from './recordDigest.ts'

const ROUNDS = 60
const FIRST_STARTS = 15
const VICTIM = join(import.meta.dirname, 'hammerVictim.ts')

function freshPath(t: { after(work: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-crash-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'gatehouse.db')
}

function assertSound(path: string): void {
  const database = new Sqlite(path, { readonly: true })
  assert.equal(database.pragma('integrity_check', { simple: true }), 'ok')
  assert.deepEqual(database.pragma('foreign_key_check'), [])
  database.close()
}

test(`${ROUNDS} kills under load lose nothing that was acknowledged, and tear nothing`, async (t) => {
  const path = freshPath(t)
  const url = `sqlite:///${path}`
  const ledger = new CrashLedger()
  let known = 0
  for (let round = 1; round <= ROUNDS; round += 1) {
    const { output } = await killAtRandom(startNode(VICTIM, url, '16'), 'ready', randomInt(250))
    ledger.hear(output)
    const database = await openDatabase({ url, clock: systemClock() })
    try {
      // What this round touched; everything again after the last.
      const keys = round === ROUNDS ? ledger.keys : ledger.keys.slice(known)
      known = ledger.keys.length
      for (const key of keys) {
        const wrong = ledger.judge(key, await digestIn(database, key))
        assert.equal(wrong, undefined, `round ${round}: ${wrong}`)
      }
    } finally {
      await database.close()
    }
    if (round % 10 === 0) assertSound(path)
  }
  assert.ok(ledger.acknowledged > ROUNDS * 10, `only ${ledger.acknowledged} acknowledged`)
  t.diagnostic(`${ledger.acknowledged} changes acknowledged, ${ledger.keys.length} records`)
})

test(`${FIRST_STARTS} kills during the first start leave a database that starts`, async (t) => {
  for (let round = 0; round < FIRST_STARTS; round += 1) {
    const path = freshPath(t)
    const url = `sqlite:///${path}`
    await killAtRandom(startNode(VICTIM, url, '4'), 'start', 100 + randomInt(300))
    const database = await openDatabase({ url, clock: systemClock() })
    await database.close()
    assert.deepEqual((await schemaStatus(url)).pending, [])
    assertSound(path)
  }
})
