import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { Child } from '../../peers/child.ts'
import { freePort } from '../../peers/freePort.ts'
import { until } from '../server.ts'

const CONFIGURATIONS = resolve(import.meta.dirname, '../../../deploy/haproxy')

interface CleansUp {
  after(work: () => unknown): unknown
}

/** Debian's HAProxy with one of the files that operators get, whose values its environment sets. */
export class HaProxy {
  readonly port: number
  readonly #folder = mkdtempSync(join(tmpdir(), 'gatehouse-haproxy-'))
  readonly #file: string

  private constructor(file: string, port: number) {
    this.#file = join(CONFIGURATIONS, file)
    this.port = port
  }

  static async of(t: CleansUp, file: string): Promise<HaProxy> {
    const proxy = new HaProxy(file, await freePort())
    t.after(() => rmSync(proxy.#folder, { recursive: true, force: true }))
    return proxy
  }

  start(t: CleansUp, values: Readonly<Record<string, string>>): void {
    const child = new Child({
      name: 'haproxy',
      command: '/usr/sbin/haproxy',
      args: ['-W', '-f', this.#file],
      cwd: this.#folder,
      env: {
        PATH: process.env['PATH'],
        GATEHOUSE_BIND: `127.0.0.1:${this.port}`,
        GATEHOUSE_ADMIN_SOCKET: this.#adminSocket,
        ...values,
      },
      logFile: this.#logFile,
    })
    t.after(() => child.stop('SIGTERM'))
  }

  get #adminSocket(): string {
    return join(this.#folder, 'admin.sock')
  }

  get #logFile(): string {
    return join(this.#folder, 'haproxy.log')
  }

  words(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : ''
  }

  /** One line per request, of those that came from this address. */
  requestsFrom(address: string): readonly string[] {
    return this.words()
      .split('\n')
      .filter((line) => line.includes(`${address}:`) && /\] api~? /.test(line))
  }

  /** One command for the runtime socket, as `socat` would send it. */
  async command(line: string): Promise<string> {
    const socket = connect(this.#adminSocket)
    socket.write(`${line}\n`)
    return text(socket)
  }

  /** How many requests went over a connection to a node that an earlier one had opened. */
  async reused(): Promise<number> {
    const counts = await Promise.all(
      ['node1', 'node2'].map(async (server) => Number(await this.#statOf(server, 'reuse'))),
    )
    return counts.reduce((sum, count) => sum + count, 0)
  }

  /** Status and last check of a server, such as `UP L7OK`. */
  async stateOf(server: string): Promise<string> {
    return `${await this.#statOf(server, 'status')} ${await this.#statOf(server, 'check_status')}`
  }

  async #statOf(server: string, name: string): Promise<string> {
    const [head = '', ...rows] = (await this.command('show stat')).split('\n')
    const names = head.replace('# ', '').split(',')
    const row = rows.find((line) => line.startsWith(`nodes,${server},`))?.split(',') ?? []
    return row[names.indexOf(name)] ?? ''
  }

  async sees(server: string, state: 'UP' | 'DOWN'): Promise<void> {
    const wanted = state === 'UP' ? /^UP L7OK/ : /^DOWN /
    await until(
      async () => wanted.test(await this.stateOf(server)),
      `${server} is ${state}`,
      () => this.words().slice(-3_000),
    )
  }
}
