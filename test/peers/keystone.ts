import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Sqlite from 'better-sqlite3'
import { answering } from './answering.ts'
import { Child } from './child.ts'
import { freePort } from './freePort.ts'

const run = promisify(execFile)

/** Long enough to use such a token on a slow machine, and short enough to wait for its end. */
const SHORT_LIFE_SECONDS = 15

const fernetKey = (): string =>
  randomBytes(32).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

const configuration = (folder: string, name: string, tokenSeconds: number): string => `
[DEFAULT]
log_file = ${join(folder, `${name}.log`)}
use_stderr = false
[database]
connection = sqlite:///${join(folder, 'keystone.db')}?timeout=120
# It need not outlive the machine, and would wait for the disk more than it works.
sqlite_synchronous = false
[token]
provider = fernet
expiration = ${tokenSeconds}
[fernet_tokens]
key_repository = ${join(folder, 'fernet')}
[fernet_receipts]
key_repository = ${join(folder, 'fernet')}
[credential]
key_repository = ${join(folder, 'credential')}
[identity]
# Passwords live as long as this run, and tests log in often.
password_hash_algorithm = bcrypt
password_hash_rounds = 4
[cache]
# Right with a single process only: another one would not see a revocation at once.
enabled = true
backend = dogpile.cache.memory
[oslo_policy]
enforce_scope = true
enforce_new_defaults = true
`

/** A real Keystone on SQLite under uwsgi, which can be stopped, started again and frozen. */
export class Keystone {
  readonly url: string
  readonly adminPassword: string
  readonly #folder: string
  readonly #port: number
  readonly #threads: number
  readonly #more: string
  #process: Child | undefined

  private constructor(folder: string, port: number, threads: number, more: string) {
    this.#folder = folder
    this.#port = port
    this.#threads = threads
    this.#more = more
    this.url = `http://127.0.0.1:${port}/v3`
    this.adminPassword = randomBytes(16).toString('hex')
  }

  /** `more` goes to the end of its configuration, where it wins. Who writes much asks for one thread: SQLite has writers of several wait for each other, and give up. */
  static async create(folder: string, { threads = 4, more = '' } = {}): Promise<Keystone> {
    const keystone = new Keystone(folder, await freePort(), threads, more)
    for (const repository of ['fernet', 'credential']) {
      await mkdir(join(folder, repository), { recursive: true, mode: 0o700 })
      for (const index of ['0', '1'])
        await writeFile(join(folder, repository, index), fernetKey(), { mode: 0o600 })
    }
    await keystone.#configure('keystone', 3600)
    await keystone.#configure('shortLived', SHORT_LIFE_SECONDS)
    await keystone.#manage('db_sync')
    keystone.#letReadersBe()
    await keystone.#manage(
      ...['bootstrap', '--bootstrap-region-id', 'RegionOne'],
      ...['public', 'internal', 'admin'].flatMap((place) => [
        `--bootstrap-${place}-url`,
        keystone.url,
      ]),
    )
    await keystone.start()
    return keystone
  }

  /** Does nothing where it runs already. */
  async start(): Promise<void> {
    if (this.#process?.isRunning === true) return
    this.#process = this.#serve('keystone', this.#port)
    await answering(this.#process, this.url, 180)
  }

  async stop(): Promise<void> {
    await this.#process?.stop()
    this.#process = undefined
  }

  /** The port stays open and nobody answers: what a hanging Keystone looks like from outside. */
  freeze(): void {
    this.#process?.signal('SIGSTOP')
  }

  thaw(): void {
    this.#process?.signal('SIGCONT')
  }

  /** A second door to the same users and keys, for as long as `use` runs: its tokens live a few seconds. */
  async withShortLivedTokens<T>(use: (url: string) => Promise<T>): Promise<T> {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}/v3`
    const door = this.#serve('shortLived', port)
    try {
      await answering(door, url, 180)
      return await use(url)
    } finally {
      await door.stop()
    }
  }

  async log(): Promise<string> {
    return (await this.#process?.log()) ?? '(Keystone is stopped)'
  }

  /** By default a writer keeps readers out, its own as well: on a slow disk that ended in 500 after five seconds. */
  #letReadersBe(): void {
    const database = new Sqlite(join(this.#folder, 'keystone.db'))
    database.pragma('journal_mode = WAL')
    database.close()
  }

  async #configure(name: string, tokenSeconds: number): Promise<void> {
    const text = `${configuration(this.#folder, name, tokenSeconds)}${this.#more}`
    await writeFile(join(this.#folder, `${name}.conf`), text, { mode: 0o600 })
  }

  async #manage(...args: readonly string[]): Promise<void> {
    const file = join(this.#folder, 'keystone.conf')
    await run('keystone-manage', ['--config-file', file, ...args], {
      // By environment, since arguments can be read by everyone on the machine.
      env: { ...process.env, OS_BOOTSTRAP_PASSWORD: this.adminPassword },
      timeout: 600_000,
    })
  }

  #serve(name: string, port: number): Child {
    return new Child({
      name,
      command: 'uwsgi',
      // One process without a master: its pid is the one to signal, and no worker can be left behind.
      args: [
        ...['--plugin', 'python3', '--http-socket', `127.0.0.1:${port}`],
        ...['--wsgi-file', '/usr/bin/keystone-wsgi-public'],
        ...['--enable-threads', '--threads', String(this.#threads)],
        ...['--die-on-term', '--need-app', '--buffer-size', '65535', '--disable-logging'],
        ...['--add-header', 'Connection: close'],
      ],
      env: {
        ...process.env,
        OS_KEYSTONE_CONFIG_FILES: join(this.#folder, `${name}.conf`),
      },
      cwd: this.#folder,
      logFile: join(this.#folder, `${name}-uwsgi.log`),
    })
  }
}
