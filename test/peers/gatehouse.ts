import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { answering } from './answering.ts'
import { Child, type Exit } from './child.ts'
import { freePort } from './freePort.ts'

const run = promisify(execFile)

const COMMAND = resolve(import.meta.dirname, '../../bin/gatehouse.js')

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
  readonly #folder: string
  readonly #configFile: string
  readonly #program: string
  #process: Child

  private constructor(name: string, url: string, folder: string, program: string) {
    this.name = name
    this.url = url
    this.#folder = folder
    this.#program = program
    this.#configFile = join(folder, 'barbican.conf')
    this.#process = this.#spawn()
  }

  static async start(options: GatehouseOptions): Promise<Gatehouse> {
    const { name, folder, configuration, port, program = COMMAND } = options
    const home = join(folder, name)
    await mkdir(home)
    const chosen = port ?? (await freePort())
    const url = `http://127.0.0.1:${chosen}`
    const base: Configuration = {
      DEFAULT: {
        bind_host: '127.0.0.1',
        bind_port: String(chosen),
        host_href: url,
        state_path: join(home, 'state'),
        log_file: join(home, 'gatehouse.log'),
      },
      admin: { bind_host: '127.0.0.1', bind_port: String(await freePort()) },
    }
    await writeFile(join(home, 'barbican.conf'), ini(merged(base, configuration)), { mode: 0o600 })
    const gatehouse = new Gatehouse(name, url, home, program)
    await answering(gatehouse.#process, `${url}/healthcheck`, 30)
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

  /** After a stop or a kill. */
  async startAgain(): Promise<void> {
    this.#process = this.#spawn()
    await answering(this.#process, `${this.url}/healthcheck`, 30)
  }

  /** One call of the `gatehouse` command with this server's configuration; what it printed. */
  async command(...args: readonly string[]): Promise<string> {
    return this.commandOf(this.#program, ...args)
  }

  /** The same by another checkout's `gatehouse`; this one's unless it is named. */
  async commandOf(program: string | undefined, ...args: readonly string[]): Promise<string> {
    const all = [program ?? COMMAND, ...args, '--config-file', this.#configFile]
    const { stdout } = await run(process.execPath, all, {
      cwd: this.#folder,
      env: environment(),
      timeout: 30_000,
    })
    return stdout
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
    return new Child({
      name: this.name,
      command: process.execPath,
      args: [this.#program, 'serve', '--config-file', this.#configFile],
      cwd: this.#folder,
      env: environment(),
      logFile: join(this.#folder, 'terminal.log'),
    })
  }
}
