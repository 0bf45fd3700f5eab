import { readFileSync } from 'node:fs'
import { cp, mkdir, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Child } from '../../test/peers/child.ts'
import { freePort } from '../../test/peers/freePort.ts'
import type { Fixture } from '../fixture/fixture.ts'
import { onCore } from './onCore.ts'
import { type Served, whenAnswering } from './served.ts'

/** Section, option, value: what this server has beside the shipped defaults. */
export type Configuration = Readonly<Record<string, Readonly<Record<string, string | number>>>>

export interface GatehouseRequest {
  readonly name: string
  /** Where its folder is made. */
  readonly folder: string
  readonly fixture: Fixture
  readonly core: number | undefined
  readonly configuration?: Configuration
  /** Arguments of Node, such as `--cpu-prof`. */
  readonly nodeArgs?: readonly string[]
  /** How it is reached where that is not http on its port; whether it is up is then asked at the admin port. */
  readonly origin?: (port: number) => string
  /** Another checkout of the repository, whose server it is. */
  readonly checkout?: string
}

const ROOT = resolve(import.meta.dirname, '../..')

/** `gatehouse serve` on a copy of the fixture; its log, access records included, goes to a file. */
export class Gatehouse implements Served {
  readonly origin: string
  readonly #request: GatehouseRequest
  readonly #home: string
  /** 0: any. */
  #adminPort = 0
  #child: Child | undefined

  private constructor(request: GatehouseRequest, origin: string) {
    this.#request = request
    this.#home = join(request.folder, request.name)
    this.origin = origin
  }

  static async start(request: GatehouseRequest): Promise<Gatehouse> {
    const port = await freePort()
    const plain = `http://127.0.0.1:${port}`
    const gatehouse = new Gatehouse(request, request.origin?.(port) ?? plain)
    gatehouse.#adminPort = request.origin === undefined ? 0 : await freePort()
    await gatehouse.#settle(port)
    await gatehouse.run()
    return gatehouse
  }

  get pid(): number {
    if (this.#child === undefined) throw new Error(`${this.#request.name} is not running.`)
    return this.#child.pid
  }

  /** @returns milliseconds from the start of the process to its first answer */
  async run(): Promise<number> {
    const { name, core, nodeArgs = [], checkout = ROOT } = this.#request
    const config = join(this.#home, 'gatehouse.conf')
    const node = [process.execPath, ...shippedNodeArgs(checkout), ...nodeArgs]
    const serve = [commandIn(checkout), 'serve', '--config-file', config]
    const [command = '', ...args] = onCore(core, [...node, ...serve])
    const sinceMs = performance.now()
    this.#child = new Child({
      name,
      command,
      args,
      cwd: this.#home,
      env: { PATH: process.env['PATH'] },
      logFile: join(this.#home, 'gatehouse.log'),
    })
    const admin = `http://127.0.0.1:${this.#adminPort}/readyz`
    await whenAnswering(this.#child, this.#adminPort === 0 ? `${this.origin}/healthcheck` : admin)
    return performance.now() - sinceMs
  }

  async stop(): Promise<void> {
    await this.#child?.stop()
    this.#child = undefined
  }

  /** Stops it and takes its copy of the database away. */
  async remove(): Promise<void> {
    await this.stop()
    await rm(this.#home, { recursive: true, force: true })
  }

  async #settle(port: number): Promise<void> {
    const { fixture, configuration = {} } = this.#request
    const statePath = join(this.#home, 'state')
    await mkdir(this.#home, { recursive: true })
    await cp(fixture.folder, statePath, { recursive: true })
    const { DEFAULT: own = {}, ...sections } = configuration
    const text = ini({
      DEFAULT: { bind_port: port, state_path: statePath, ...own },
      admin: { bind_port: this.#adminPort },
      ...sections,
    })
    await writeFile(join(this.#home, 'gatehouse.conf'), text, { mode: 0o600 })
  }
}

/** What the first line of the command gives to Node: operators start it by that line. */
export function shippedNodeArgs(checkout = ROOT): readonly string[] {
  const [first = ''] = readFileSync(commandIn(checkout), 'utf8').split('\n', 1)
  return first.split(/\s+/).filter((word) => word.startsWith('--'))
}

function commandIn(checkout: string): string {
  return join(checkout, 'bin/gatehouse.js')
}

function ini(configuration: Configuration): string {
  return Object.entries(configuration)
    .map(([section, options]) => {
      const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}\n`)
      return `[${section}]\n${lines.join('')}`
    })
    .join('\n')
}
