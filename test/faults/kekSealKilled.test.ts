import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { closeSync, copyFileSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, it } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { keyFromShares } from '../../src/cli/shareInput.ts'
import { readKeyringHeader } from '../../src/crypto/kek/keyringFile.ts'
import { freshEnvironment, runCli } from '../support/runCli.ts'

const COMMAND = resolve(import.meta.dirname, '../../bin/gatehouse.js')
const SHARES = 5
const ROUNDS = 40

describe('gatehouse kek seal, killed', () => {
  it('at any time leaves a keyring that somebody can open', async (t) => {
    const env = freshEnvironment(t)
    const keyring = join(env.STATE_DIRECTORY, 'keyring')
    const seal = ['kek', 'seal', `--shares=${SHARES}`, '--threshold=3']
    // A plain keyring, by way of an escrow of a shared one: no server is wanted for it.
    const pair = join(env.STATE_DIRECTORY, '../pair')
    const done = async (args: readonly string[], more: object, input = '') => {
      const run = runCli({ args, env: { ...env, ...more }, input })
      assert.equal(await run.code, 0, run.err())
      return run.out()
    }
    const shared = { OS_KEYRING__PROTECTION: 'shares', OS_KEYRING__FILE: 'first' }
    const shares = await done(seal, shared)
    await done(['backup', 'keygen', '--output', pair], {})
    const copy = `${pair}.copy`
    await done(['kek', 'escrow', '--recipient', `${pair}.pub`, '--out', copy], shared, shares)
    await done(['kek', 'restore', '--from', copy, '--key', pair], {})
    copyFileSync(keyring, `${keyring}.plain`)
    const before = await readKeyringHeader(keyring)
    assert.equal(before?.protection.kind, 'plain')

    const run = async (killAfterMs: number | undefined) => {
      copyFileSync(`${keyring}.plain`, keyring)
      const out = join(env.STATE_DIRECTORY, `out-${killAfterMs}`)
      const file = openSync(out, 'w')
      const startedMs = performance.now()
      const child = spawn(process.execPath, [COMMAND, ...seal], {
        env: { PATH: process.env['PATH'], ...env },
        stdio: ['ignore', file, 'ignore'],
      })
      const ended = new Promise((end) => child.once('close', end))
      if (killAfterMs !== undefined) {
        await Promise.race([delay(killAfterMs), ended])
        child.kill('SIGKILL')
      }
      await ended
      closeSync(file)
      const printed = readFileSync(out, 'latin1').split('\n').filter(Boolean)
      return { printed, tookMs: performance.now() - startedMs }
    }

    const { tookMs } = await run(undefined)
    const seen = { plain: 0, shares: 0 }
    for (let round = 0; round < ROUNDS; round += 1) {
      // Around the end, where it matters.
      const { printed } = await run(tookMs * (0.6 + (0.5 * round) / ROUNDS))
      const header = await readKeyringHeader(keyring)
      assert.deepEqual(header?.keks, before.keks)
      const kind = header.protection.kind
      assert.ok(kind === 'plain' || kind === 'shares')
      seen[kind] += 1
      if (kind === 'plain') continue
      assert.equal(printed.length, SHARES, 'all shares were handed out before the file changed')
      const lines = printed.slice(2)
      await keyFromShares(keyring, 'keyring', {
        out: { write: () => undefined, isTerminal: false },
        err: { write: () => undefined, isTerminal: false },
        readSecretLine: async () => Buffer.from(lines.shift() ?? ''),
      })
    }
    t.diagnostic(`${seen.plain} times as before, ${seen.shares} times sealed`)
    assert.ok(seen.plain > 0, 'no kill came in time')
    const left = readdirSync(env.STATE_DIRECTORY).filter((name) => name.endsWith('.tmp'))
    t.diagnostic(`${left.length} unfinished copies left behind`)
  })
})
