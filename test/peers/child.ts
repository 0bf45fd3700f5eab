import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ChildCommand {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd: string
  /** Both output streams end here. */
  readonly logFile: string
}

const running = new Set<Child>()

// Whatever ends this process, a thrown error in a hook included, takes the peers along: by pid, never by name.
process.on('exit', () => {
  for (const child of running) child.signal('SIGKILL')
})
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

/** An external process whose output goes to a file and which is always stopped by its pid. */
export class Child {
  readonly name: string
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #logFile: string
  #exit: Exit | undefined

  constructor(command: ChildCommand) {
    this.name = command.name
    this.#logFile = command.logFile
    const log = openSync(command.logFile, 'a')
    const { promise, resolve } = Promise.withResolvers<Exit>()
    const child = spawn(command.command, [...command.args], {
      cwd: command.cwd,
      env: command.env ?? process.env,
      stdio: ['ignore', log, log],
    })
    closeSync(log)
    child.once('error', () => this.#ended({ code: null, signal: null }, resolve))
    child.once('exit', (code, signal) => this.#ended({ code, signal }, resolve))
    this.exited = promise
    this.pid = child.pid ?? -1
    if (child.pid !== undefined) running.add(this)
  }

  get isRunning(): boolean {
    return this.#exit === undefined
  }

  signal(signal: NodeJS.Signals): void {
    if (this.pid > 0 && this.isRunning) process.kill(this.pid, signal)
  }

  /** Asks politely, then does not ask. The exit tells which of the two it took. */
  async stop(signal: NodeJS.Signals = 'SIGTERM', graceMs = 60_000): Promise<Exit> {
    this.signal(signal)
    const patience = new AbortController()
    const late = delay(graceMs, 'late' as const, { signal: patience.signal }).catch(() => 'late')
    const first = await Promise.race([this.exited, late])
    patience.abort()
    if (first === 'late') this.signal('SIGKILL')
    return this.exited
  }

  async log(): Promise<string> {
    return readFile(this.#logFile, 'utf8').catch(() => '(no log)')
  }

  #ended(exit: Exit, resolve: (exit: Exit) => void): void {
    this.#exit = exit
    running.delete(this)
    resolve(exit)
  }
}
