import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Child } from '../peers/child.ts'
import type { Rows, ServerKind } from './serverDatabase.ts'

/** A database server that a test may break: its own folder, port and processes, gone with the test. */
export interface OwnServer {
  readonly kind: ServerKind
  readonly port: number
  /** `[database] connection` of its database `gatehouse`, over TCP, as a user without privileges. */
  readonly url: string
  /** The same through another port (a proxy), as another user, or with options behind the `?`. */
  urlWith(other: OtherWay): string
  /** False: it was stopped, or has ended itself. */
  readonly isRunning: boolean
  /** After `stop` or `kill`. Settings given here are for this and later starts. */
  start(settings?: Settings): Promise<void>
  /** As an operator stops it: who is connected is told. */
  stop(): Promise<void>
  /** SIGKILL to all its processes. */
  kill(): Promise<void>
  /** SIGSTOP: its kernel takes connections and bytes, and nobody answers. */
  pause(): void
  resume(): void
  /** As its administrator, through a Unix socket, on a connection of its own. */
  execute(sql: string): Promise<Rows>
}

export interface OtherWay {
  readonly host?: string
  readonly port?: number
  readonly user?: string
  readonly options?: string
}

export type Settings = Readonly<Record<string, string>>

export const USER = 'gatehouse'
/** In every URL, and never in a log. */
export const PASSWORD = 'canary-of-a-password'
export const DATABASE = 'gatehouse'

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

export interface ServerProgram {
  readonly kind: ServerKind
  readonly port: number
  /** Whoever runs it on Debian: it refuses to run as root. */
  readonly systemUser: string
  readonly folder: string
  command(settings: Settings): readonly [program: string, ...args: string[]]
  /** The signal that ends it soon and in order. */
  readonly stopSignal: NodeJS.Signals
  execute(sql: string): Promise<Rows>
}

const READY_WITHIN_MS = 60_000
const scheme = { mysql: 'mysql+pymysql', postgresql: 'postgresql' } as const
const run = promisify(execFile)

/** Called with the empty folder of a server's data, before there is any: to put it on a disk of its own. */
export type PutOnDisk = (data: string, systemUser: string) => void

/** A folder that the server's user owns. Short, for the path of a Unix socket has a hundred characters. */
export async function folderOf(t: CleansUp, systemUser: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gh-own-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  await chmod(folder, 0o755)
  if (isRoot()) await run('chown', [`${systemUser}:`, folder])
  return folder
}

/** Runs as the server's own user where that is to be chosen. The pid stays. */
export function asUser(systemUser: string, command: readonly string[]): readonly string[] {
  if (!isRoot()) return command
  return ['setpriv', `--reuid=${systemUser}`, `--regid=${systemUser}`, '--init-groups', ...command]
}

export async function runAs(systemUser: string, ...command: readonly string[]): Promise<void> {
  const [program = '', ...args] = asUser(systemUser, command)
  await run(program, args, { cwd: '/' })
}

function isRoot(): boolean {
  return process.getuid?.() === 0
}

export class OwnServerProcess implements OwnServer {
  readonly kind: ServerKind
  readonly port: number
  readonly #program: ServerProgram
  #settings: Settings
  #process: Child | undefined

  constructor(t: CleansUp, program: ServerProgram, settings: Settings) {
    this.#program = program
    this.#settings = settings
    this.kind = program.kind
    this.port = program.port
    t.after(() => this.kill())
  }

  get url(): string {
    return this.urlWith({})
  }

  urlWith({ host = '127.0.0.1', port = this.port, user = USER, options = '' }: OtherWay): string {
    const login = user === USER ? `${user}:${PASSWORD}` : user
    const after = options === '' ? '' : `?${options}`
    return `${scheme[this.kind]}://${login}@${host}:${port}/${DATABASE}${after}`
  }

  get isRunning(): boolean {
    return this.#process?.isRunning === true
  }

  async start(settings: Settings = {}): Promise<void> {
    this.#settings = { ...this.#settings, ...settings }
    const { folder, systemUser, command } = this.#program
    const [program = '', ...args] = asUser(systemUser, command(this.#settings))
    const logFile = join(folder, 'server.log')
    const started = new Child({ name: this.kind, command: program, args, cwd: folder, logFile })
    this.#process = started
    const until = performance.now() + READY_WITHIN_MS
    for (;;) {
      try {
        await this.execute('select 1')
        return
      } catch (error) {
        if (!started.isRunning || performance.now() > until) {
          const log = (await started.log()).slice(-2_000)
          throw new Error(`${this.kind} does not start: ${log}`, { cause: error })
        }
        await delay(20)
      }
    }
  }

  async stop(): Promise<void> {
    await this.#process?.stop(this.#program.stopSignal, 30_000)
  }

  async kill(): Promise<void> {
    const server = this.#process
    if (server === undefined || !server.isRunning) return
    // Held first, so that it makes no further child meanwhile.
    server.signal('SIGSTOP')
    for (const pid of childrenOf(server.pid)) signal(pid, 'SIGKILL')
    server.signal('SIGKILL')
    await server.exited
  }

  pause(): void {
    this.#signalAll('SIGSTOP')
  }

  resume(): void {
    this.#signalAll('SIGCONT')
  }

  execute(sql: string): Promise<Rows> {
    return this.#program.execute(sql)
  }

  #signalAll(name: NodeJS.Signals): void {
    const server = this.#process
    if (server === undefined) throw new Error(`${this.kind} was not started`)
    server.signal(name)
    for (const pid of childrenOf(server.pid)) signal(pid, name)
  }
}

function childrenOf(pid: number): readonly number[] {
  const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return list === '' ? [] : list.split(' ').map(Number)
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It has ended by itself.
  }
}
