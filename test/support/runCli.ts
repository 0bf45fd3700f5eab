import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ComposeGatehouse } from '../../src/cli/gatehouse.ts'
import { runProgram } from '../../src/cli/program.ts'
import type { Surroundings } from '../../src/cli/surroundings.ts'
import type { Environment } from '../../src/config/environment.ts'

interface CleansUp {
  after(work: () => void): unknown
}

export interface CliRequest {
  readonly args: readonly string[]
  readonly env?: Environment
  readonly input?: string
  readonly isTerminal?: boolean
  readonly compose?: ComposeGatehouse
  /** Which program; `gatehouse` unless a test says otherwise. */
  readonly run?: (surroundings: Surroundings, compose: ComposeGatehouse) => Promise<number>
}

export interface CliRun {
  /** The exit code, once the command is done. */
  readonly code: Promise<number>
  out(): string
  err(): string
  send(signal: 'SIGTERM' | 'SIGINT' | 'SIGHUP'): void
  /** An error that nobody waited for. */
  stray(error: unknown): void
  /** Codes the process was ended with at once. */
  readonly endedWith: readonly number[]
  /** Lets time pass for the command. */
  wait(ms: number): void
}

/** A folder of its own, gone when the test is done. */
export function freshFolder(t: CleansUp): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** An environment whose state lies in a fresh folder, on ports of the system's choice, with no settings file. */
export function freshEnvironment(t: CleansUp) {
  const folder = freshFolder(t)
  return {
    STATE_DIRECTORY: join(folder, 'state'),
    OS_DEFAULT__LOG_FILE: join(folder, 'gatehouse.log'),
    OS_DEFAULT__BIND_PORT: '0',
    OS_ADMIN__BIND_PORT: '0',
    // It would be right to ask callers of a machine that holds us up to come back, and they are no test of that.
    OS_GATEHOUSE__LOOP_DELAY_LIMIT_MS: '0',
  }
}

/** A command line run inside this process, with an operating system made of strings. */
export function runCli(request: CliRequest): CliRun {
  const written = { out: '', err: '' }
  const handlers = new Map<string, () => void>()
  const strays: ((error: unknown) => void)[] = []
  const endedWith: number[] = []
  let nowMs = 1000
  const lines = (request.input ?? '').split('\n').filter((line) => line !== '')
  const terminal = (stream: 'out' | 'err') => ({
    isTerminal: request.isTerminal ?? false,
    write: (text: string) => {
      written[stream] += text
    },
  })
  const surroundings: Surroundings = {
    args: request.args,
    env: request.env ?? {},
    pid: 4711,
    packageRoot: '/opt/gatehouse',
    version: '9.9.9',
    out: terminal('out'),
    err: terminal('err'),
    readInput: async () => request.input ?? '',
    readSecretLine: async () => {
      const line = lines.shift()
      return line === undefined ? undefined : Buffer.from(line)
    },
    monotonicMs: () => nowMs,
    onSignal: (name, handler) => void handlers.set(name, handler),
    onStray: (handler) => void strays.push(handler),
    startWorker: () => {
      throw new Error('this command starts no workers')
    },
    parent: undefined,
    exitNow: (code) => void endedWith.push(code),
  }
  const { run = runProgram, compose = neverCompose } = request
  return {
    code: run(surroundings, compose),
    out: () => written.out,
    err: () => written.err,
    send: (signal) => handlers.get(signal)?.(),
    stray: (error) => {
      for (const handler of strays) handler(error)
    },
    endedWith,
    wait: (ms) => {
      nowMs += ms
    },
  }
}

const neverCompose: ComposeGatehouse = async () => {
  throw new Error('this command composes no server')
}
