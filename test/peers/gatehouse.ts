import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { answering } from './answering.ts'
import { Child, type Exit } from './child.ts'
import { freePort } from './freePort.ts'

const run = promisify(execFile)

const COMMAND = resolve(import.meta.dirname, '../../bin/gatehouse.js')
/** As in the first line of the command. */
const NODE_ARGS = ['--max-semi-space-size=4', '--no-parallel-scavenge']

/** Section, option, value: what a barbican.conf is made of. */
export type Configuration = Readonly<Record<string, Readonly<Record<string, string>>>>

export interface GatehouseOptions {
  readonly name: string
  readonly folder: string
  readonly configuration: Configuration
  /** Chosen beforehand where somebody has to know it before the start. */
  readonly port?: number
  /** The `gatehouse` of another checkout. */
  readonly program?: string
  /** Called with its folder before it starts. */
  readonly prepare?: (home: string) => Promise<void>
  /** What the command is run by, such as `unshare`; nothing unless said. */
  readonly runBy?: readonly string[]
  /** Beside what this process has. */
  readonly env?: NodeJS.ProcessEnv
}

const merged = (one: Configuration, other: Configuration): Configuration =>
  Object.fromEntries(
    [...new Set([...Object.keys(one), ...Object.keys(other)])].map((section) => [
      section,
      { ...one[section], ...other[section] },
    ]),
  )

export const ini = (configuration: Configuration): string =>
  Object.entries(configuration)
    .map(([section, options]) => {
      const lines = Object.entries(options).map(([option, value]) => `${option} = ${value}`)
      return [`[${section}]`, ...lines, ''].join('\n')
    })
    .join('\n')

// A login of whoever runs this must not leak into the servers.
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('OS_')))

/** A Gatehouse of its own: configuration file, state folder, port; started as operators start it. */
export class Gatehouse {
  readonly name: string
  readonly url: string
  /** Where it answers whoever watches. */
  readonly adminUrl: string
  readonly #folder: string
  readonly #env: NodeJS.ProcessEnv
  readonly #configFile: string
  readonly #program: string
  readonly #runBy: readonly string[]
  #configuration: Configuration
  #process: Child

  private constructor(
    { name, folder, configuration, runBy = [], program = COMMAND, env = {} }: GatehouseOptions,
    { url, adminUrl }: { readonly url: string; readonly adminUrl: string },
  ) {
    this.name = name
    this.url = url
    this.adminUrl = adminUrl
    this.#folder = join(folder, name)
    this.#program = program
    this.#runBy = runBy
    this.#env = { ...environment(), ...env }
    this.#configuration = configuration
    this.#configFile = join(this.#folder, 'barbican.conf')
    this.#process = this.#spawn()
  }

  static async start(options: GatehouseOptions): Promise<Gatehouse> {
    const { name, folder, configuration, port, prepare } = options
    const home = join(folder, name)
    await mkdir(home)
    const chosen = port ?? (await freePort())
    const url = `http://127.0.0.1:${chosen}`
    const adminPort = await freePort()
    const base: Configuration = {
      DEFAULT: {
        bind_host: '127.0.0.1',
        bind_port: String(chosen),
        host_href: url,
        state_path: join(home, 'state'),
        log_file: join(home, 'gatehouse.log'),
        // What a test reads in it, or does to it, is then read in or done to all of it.
        workers: '1',
      },
      admin: { bind_host: '127.0.0.1', bind_port: String(adminPort) },
      // It would be right to ask callers of a machine that holds us up to come back, and they are no test of that.
      gatehouse: { loop_delay_limit_ms: '0' },
    }
    const all = merged(base, configuration)
    await writeFile(join(home, 'barbican.conf'), ini(all), { mode: 0o600 })
    await prepare?.(home)
    const gatehouse = new Gatehouse(
      { ...options, configuration: all },
      { url, adminUrl: `http://127.0.0.1:${adminPort}` },
    )
    await answering(gatehouse.#process, `${url}/healthcheck`, 180)
    return gatehouse
  }

  get pid(): number {
    return this.#process.pid
  }

  get isRunning(): boolean {
    return this.#process.isRunning
  }

  async stop(): Promise<Exit> {
    return this.#process.stop('SIGTERM')
  }

  /** Without warning, and it stays down. */
  async kill(): Promise<Exit> {
    return this.#process.stop('SIGKILL')
  }

  async restart(): Promise<void> {
    await this.stop()
    await this.startAgain()
  }

  /** From its next start on. */
  async reconfigure(changes: Configuration): Promise<void> {
    this.#configuration = merged(this.#configuration, changes)
    await writeFile(this.#configFile, ini(this.#configuration), { mode: 0o600 })
  }

  /** After a stop or a kill, without waiting for an answer. */
  launch(): void {
    this.#process = this.#spawn()
  }

  exited(): Promise<Exit> {
    return this.#process.exited
  }

  /** After a stop or a kill. */
  async startAgain(): Promise<void> {
    this.#process = this.#spawn()
    await answering(this.#process, `${this.url}/healthcheck`, 180)
  }

  /** One call of the `gatehouse` command with this server's configuration; what it printed. */
  async command(...args: readonly string[]): Promise<string> {
    return this.commandOf(this.#program, ...args)
  }

  /** The same where these variables are set besides. */
  async commandIn(env: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<string> {
    return this.#run(env, [this.#program ?? COMMAND, ...args])
  }

  /** The same by another checkout's `gatehouse`; this one's unless it is named. */
  async commandOf(program: string | undefined, ...args: readonly string[]): Promise<string> {
    return this.#run({}, [program ?? COMMAND, ...args])
  }

  async #run(env: NodeJS.ProcessEnv, args: readonly string[]): Promise<string> {
    const { stdout } = await run(process.execPath, [...args, '--config-file', this.#configFile], {
      cwd: this.#folder,
      env: { ...this.#env, ...env },
      timeout: 180_000,
    })
    return stdout
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal)
  }

  /** A file of its own. */
  homeOf(path: string): string {
    return join(this.#folder, path)
  }

  /** Everything this server ever wrote to a log or a terminal. */
  async logs(): Promise<string> {
    const names = (await readdir(this.#folder)).filter((name) => name.endsWith('.log'))
    const texts = await Promise.all(
      names.map(async (name) => readFile(join(this.#folder, name), 'utf8')),
    )
    return texts.join('\n')
  }

  #spawn(): Child {
    const serve = [
      process.execPath,
      ...NODE_ARGS,
      this.#program,
      'serve',
      '--config-file',
      this.#configFile,
    ]
    const [command = '', ...args] = [...this.#runBy, ...serve]
    return new Child({
      name: this.name,
      command,
      args,
      cwd: this.#folder,
      env: this.#env,
      logFile: join(this.#folder, 'terminal.log'),
    })
  }
}
