import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { ComposeGatehouse } from './cli/gatehouse.ts'
import { parentOfThisProcess, startWorker } from './cli/processes.ts'
import { SecretLines } from './cli/secretLines.ts'
import type { Surroundings, Terminal } from './cli/surroundings.ts'
import type { OpenSslChoice } from './crypto/childKeyPairMaker.ts'

/** The process: the only file that reads it. `bin/` calls this, with the name it was called by. */
export async function main(
  name: keyof typeof PROGRAMS,
  args: readonly string[],
  packageRoot: string,
): Promise<void> {
  const secretLines = new SecretLines(process.stdin, (shown) => void process.stderr.write(shown))
  const surroundings: Surroundings = {
    args,
    env: process.env,
    pid: process.pid,
    packageRoot,
    version: versionIn(packageRoot),
    out: terminal(process.stdout),
    err: terminal(process.stderr),
    readInput: () => text(process.stdin),
    readSecretLine: (prompt) => secretLines.next(prompt),
    monotonicMs: () => performance.now(),
    onSignal: (name, handler) => void process.on(name, handler),
    onStray: (handler) => void process.on('uncaughtException', handler),
    startWorker,
    parent: parentOfThisProcess(process.env, process.ppid),
    exitNow: (code) => process.exit(code),
  }
  const run = await PROGRAMS[name]()
  process.exitCode = await run(surroundings, composeGatehouse)
}

/** By the name in `bin/`; each loads its own rooms alone. */
const PROGRAMS = {
  gatehouse: async () => (await import('./cli/program.ts')).runProgram,
  'barbican-manage': async () => (await import('./cli/barbicanManage.ts')).runBarbicanManage,
  'barbican-status': async () => (await import('./cli/barbicanStatus.ts')).runBarbicanStatus,
  'barbican-wsgi-api': async () => (await import('./cli/wsgiCommand.ts')).runWsgiCommand,
}

/** The rooms of a server are loaded for `serve` alone: the other verbs should answer at once. */
const composeGatehouse: ComposeGatehouse = async (settings, parts) => {
  const { compose } = await import('./compose.ts')
  return compose(settings, { ...parts, openSsl: openSslChoice() })
}

function openSslChoice(): OpenSslChoice {
  const named = ['OPENSSL_CONF', 'OPENSSL_MODULES'].flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  const isOfOpenSsl = (flag: string) => /^--(enable-fips|force-fips|openssl-\w+)/.test(flag)
  return { flags: process.execArgv.filter(isOfOpenSsl), env: Object.fromEntries(named) }
}

function terminal(stream: NodeJS.WriteStream): Terminal {
  // A reader that went away (`| head`) is no reason to die with a stack.
  let isGone = false
  stream.on('error', () => {
    isGone = true
  })
  return {
    write: (shown) => void stream.write(shown),
    isTerminal: stream.isTTY === true,
    get isGone() {
      return isGone
    },
  }
}

function versionIn(packageRoot: string): string {
  const found: unknown = JSON.parse(readFileSync(join(packageRoot, 'package.json'), 'utf8'))
  const version = typeof found === 'object' && found !== null && 'version' in found && found.version
  return typeof version === 'string' ? version : 'unknown'
}
