import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Gatehouse } from '../peers/gatehouse.ts'
import { ApiHammer } from './apiHammer.ts'
import { CrashLedger } from './crashLedger.ts'

const ROUNDS = 50
const CALLERS = 16
const ASKED_AT_ONCE = 16

async function forEach(ids: readonly string[], work: (id: string) => Promise<void>) {
  const waiting = [...ids]
  const worker = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await work(id)
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, worker))
}

test(`${ROUNDS} kills of the server under load: every acknowledged secret opens, every delete is gone`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-server-crash-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  const server = await Gatehouse.start({ name: 'victim', folder, configuration: {} })
  t.after(() => server.kill())
  const printed = await server.command('token', 'issue', '--project', 'p', '--role', 'creator')
  const token = printed.trim().split('\n').at(-1) ?? ''

  const ledger = new CrashLedger()
  let known = 0
  for (let round = 1; round <= ROUNDS; round += 1) {
    const callers = new ApiHammer(server.url, token, (line) => ledger.hear(`${line}\n`))
    const hammering = callers.run(CALLERS)
    await Promise.race([delay(20 + randomInt(250)), hammering])
    await server.kill()
    await hammering
    callers.close()

    await server.startAgain()
    const survivors = new ApiHammer(server.url, token, () => undefined)
    const isLast = round === ROUNDS
    const touched = ledger.keys
    await forEach(isLast ? touched : touched.slice(known), async (id) => {
      const wrong = ledger.judge(id, await survivors.stateOf(id))
      assert.equal(wrong, undefined, `round ${round}: ${wrong}`)
    })
    known = touched.length
    // What nobody was told of may be there or not; what is there is whole.
    if (isLast) {
      await forEach(await survivors.listed(), async (id) =>
        assert.match(await survivors.stateOf(id), /^([0-9a-f]{32}|empty)$/, id),
      )
    }
    survivors.close()
  }
  assert.ok(ledger.acknowledged > ROUNDS * 10, `only ${ledger.acknowledged} acknowledged`)
  t.diagnostic(`${ledger.acknowledged} changes acknowledged, ${ledger.keys.length} secrets`)
})
