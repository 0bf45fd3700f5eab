import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Child, type Exit } from '../peers/child.ts'
import { freePort } from '../peers/freePort.ts'
import { type Configuration, ini } from '../peers/gatehouse.ts'

const COMMAND = resolve(import.meta.dirname, '../../bin/gatehouse.js')
const HOLDER = join(import.meta.dirname, 'holdSocket.py')

interface CleansUp {
  after(work: () => unknown): unknown
}

/** What stands before the server's command line: who opens its socket. */
export type Launcher = 'none' | 'held socket' | 'systemd-socket-activate'

/** A server as operators run it, whose settings change from start to start. */
export class TransportServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-transport-'))
  readonly port: number
  readonly adminPort: number
  readonly #launcher: Launcher
  /** What a launcher binds. */
  readonly #host: string
  #process: Child | undefined
  /** What wins over the settings of the file, for server and verbs alike. */
  environment: Readonly<Record<string, string>> = {}

  private constructor(port: number, adminPort: number, launcher: Launcher, host: string) {
    this.port = port
    this.adminPort = adminPort
    this.#launcher = launcher
    this.#host = host
    mkdirSync(join(this.folder, 'state'), { mode: 0o700 })
  }

  static async of(
    t: CleansUp,
    launcher: Launcher = 'none',
    host = '127.0.0.1',
  ): Promise<TransportServer> {
    const server = new TransportServer(await freePort(), await freePort(), launcher, host)
    t.after(async () => {
      await server.stop()
      rmSync(server.folder, { recursive: true, force: true })
    })
    return server
  }

  configure(configuration: Configuration): void {
    const { DEFAULT: base, ...sections } = configuration
    const text = ini({
      DEFAULT: {
        bind_host: this.#launcher === 'none' ? '127.0.0.1' : 'systemd',
        bind_port: String(this.port),
        state_path: join(this.folder, 'state'),
        log_file: join(this.folder, 'gatehouse.log'),
        debug: 'true',
        ...base,
      },
      ...sections,
      // It would be right to ask callers of a machine that holds us up to come back, and they are no test of that.
      gatehouse: { loop_delay_limit_ms: '0', ...sections['gatehouse'] },
      admin: { bind_port: String(this.adminPort), ...sections['admin'] },
    })
    writeFileSync(join(this.folder, 'gatehouse.conf'), text, { mode: 0o600 })
  }

  start(): void {
    const serve = [COMMAND, 'serve', '--config-file', join(this.folder, 'gatehouse.conf')]
    const address = `${this.#host}:${this.port}`
    const [command, ...args] = {
      none: [process.execPath, ...serve],
      'held socket': ['python3', HOLDER, this.#host, String(this.port), process.execPath, ...serve],
      'systemd-socket-activate': [
        'systemd-socket-activate',
        ...['-l', address, '--fdname=api', process.execPath, ...serve],
      ],
    }[this.#launcher]
    this.#process = new Child({
      name: 'gatehouse',
      command: command ?? '',
      args,
      cwd: this.folder,
      env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', ...this.environment },
      logFile: join(this.folder, 'terminal.log'),
    })
  }

  get pid(): number {
    return this.#process?.pid ?? -1
  }

  signal(signal: NodeJS.Signals): void {
    this.#process?.signal(signal)
  }

  /** Once it has ended by itself. */
  get exited(): Promise<Exit> | undefined {
    return this.#process?.exited
  }

  async stop(): Promise<Exit | undefined> {
    return this.#process?.stop('SIGTERM')
  }

  async kill(): Promise<Exit | undefined> {
    return this.#process?.stop('SIGKILL')
  }

  /** Lines of the log with this message. */
  logged(message: string): readonly Readonly<Record<string, unknown>>[] {
    return this.#lines('gatehouse.log').filter((line) => line['message'] === message)
  }

  audit(): readonly Readonly<Record<string, unknown>>[] {
    return this.#lines('state/audit.log')
  }

  #lines(name: string): readonly Readonly<Record<string, unknown>>[] {
    const text = readFileSync(join(this.folder, name), 'utf8')
    return text
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
  }

  /** Until the log has a message so often. */
  async told(message: string, times = 1): Promise<void> {
    await until(
      () => this.logged(message).length >= times,
      `${message} (${times})`,
      () => this.words(),
    )
  }

  words(): string {
    return readFileSync(join(this.folder, 'terminal.log'), 'utf8')
  }

  async command(...args: readonly string[]): Promise<string> {
    const all = [COMMAND, ...args, '--config-file', join(this.folder, 'gatehouse.conf')]
    const { stdout } = await promisify(execFile)(process.execPath, all, {
      cwd: this.folder,
      env: { ...process.env, ...this.environment },
    })
    return stdout
  }

  async token(project = 'p'): Promise<string> {
    const printed = await this.command('token', 'issue', '--project', project, '--role', 'creator')
    return printed.trim().split('\n').at(-1) ?? ''
  }

  metrics(): Promise<string> {
    return new Promise((resolve, reject) => {
      get({ port: this.adminPort, path: '/metrics' }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        response.on('end', () => resolve(text))
      }).on('error', reject)
    })
  }

  async metric(name: string): Promise<number> {
    const line = (await this.metrics()).split('\n').find((one) => one.startsWith(`${name} `))
    return Number(line?.split(' ').at(-1) ?? Number.NaN)
  }
}

export async function until(
  isTrue: () => boolean | Promise<boolean>,
  what: string,
  explain: () => string = () => '',
): Promise<void> {
  for (const deadline = performance.now() + 90_000; performance.now() < deadline; await delay(20)) {
    try {
      if (await isTrue()) return
    } catch {
      // A log that is not there yet.
    }
  }
  throw new Error(`it did not come to it: ${what}\n${explain()}`)
}
