import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Environment } from '../../src/config/environment.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { fillEveryTable, LATEST } from './everyTable.ts'
import { freshFolder, runCli } from './runCli.ts'

export const BIN = join(import.meta.dirname, '../../bin/gatehouse.js')

interface CleansUp {
  after(work: () => void): unknown
}

/** A database with so many secrets, and a key pair; everything in a folder of its own. */
export async function filled(t: CleansUp, rows: number) {
  const folder = freshFolder(t)
  const url = `sqlite:///${join(folder, 'gatehouse.sqlite')}`
  await upgradeSchema(url)
  await fillEveryTable(url, LATEST, rows)
  const key = join(folder, 'key')
  await backup(envOf(folder), 'keygen', '--output', key)
  return { folder, key, env: envOf(folder) }
}

export function envOf(folder: string) {
  return { STATE_DIRECTORY: folder }
}

export async function backup(env: Environment, ...args: readonly string[]) {
  const run = runCli({ args: ['backup', ...args], env })
  return { code: await run.code, out: run.out(), err: run.err() }
}

/** Runs the verb and kills it within so long after `isUnderWay`. @returns whether it was killed before its end */
export async function killed(
  env: Environment,
  args: readonly string[],
  isUnderWay: () => boolean | Promise<boolean>,
  withinMs = 400,
): Promise<boolean> {
  const options = { env: { ...process.env, ...env }, stdio: 'ignore' } as const
  const victim = spawn(process.execPath, [BIN, 'backup', ...args], options)
  const closed = once(victim, 'close')
  while (victim.exitCode === null && !(await isUnderWay())) await delay(2)
  await delay(randomInt(withinMs))
  const isKilled = victim.exitCode === null
  victim.kill('SIGKILL')
  await closed
  return isKilled
}
