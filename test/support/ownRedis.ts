import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connect } from 'node:tls'
import { Child } from '../peers/child.ts'
import { freePort } from '../peers/freePort.ts'
import type { Authority, Certificate } from './certificates.ts'

interface CleansUp {
  after(work: () => unknown): unknown
}

export const REDIS_USER = { username: 'gatehouse', password: 'of-the-cache' } as const

/**
 * A Redis of its own that speaks TLS alone, wants a client certificate and a password, and lets its user do what
 * Gatehouse does and nothing else.
 */
export class OwnRedis {
  readonly port: number
  readonly #folder: string
  readonly #authority: Authority
  readonly #watcher: Certificate
  #process: Child

  private constructor(folder: string, port: number, authority: Authority, watcher: Certificate) {
    this.#folder = folder
    this.port = port
    this.#authority = authority
    this.#watcher = watcher
    this.#process = this.#spawn()
  }

  static async start(t: CleansUp, authority: Authority, server: Certificate): Promise<OwnRedis> {
    const folder = await mkdtemp(join(tmpdir(), 'gh-redis-'))
    const port = await freePort()
    await writeFile(
      join(folder, 'redis.conf'),
      [
        'port 0',
        `tls-port ${port}`,
        'bind 127.0.0.1',
        `tls-cert-file ${server.cert}`,
        `tls-key-file ${server.key}`,
        `tls-ca-cert-file ${authority.caFile}`,
        'tls-auth-clients yes',
        'tls-protocols "TLSv1.2 TLSv1.3"',
        'save ""',
        'appendonly no',
        `dir ${folder}`,
        `user ${REDIS_USER.username} on >${REDIS_USER.password} ~gatehouse:token:* +get +set +del +select +ping`,
        'user default off',
        'user watcher on >watches ~* &* +@all',
        '',
      ].join('\n'),
    )
    const redis = new OwnRedis(folder, port, authority, await authority.client('watcher'))
    t.after(async () => {
      redis.#process.signal('SIGCONT')
      await redis.stop()
      await rm(folder, { recursive: true, force: true })
    })
    await redis.#answers()
    return redis
  }

  get url(): string {
    const { username, password } = REDIS_USER
    return `rediss://${username}:${password}@127.0.0.1:${this.port}/0`
  }

  async stop(): Promise<void> {
    await this.#process.stop('SIGKILL')
  }

  async startAgain(): Promise<void> {
    this.#process = this.#spawn()
    await this.#answers()
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.signal(signal)
  }

  /** As somebody who may do everything. */
  async command(...words: readonly string[]): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const socket = connect({
      host: '127.0.0.1',
      port: this.port,
      ca: readFileSync(this.#authority.caFile),
      cert: readFileSync(this.#watcher.cert),
      key: readFileSync(this.#watcher.key),
    })
    let heard = ''
    socket.on('data', (piece) => {
      heard += piece.toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(heard.replace(/^\+OK\r\n/, '').replace(/\+OK\r\n$/, '')))
    socket.write(
      [['AUTH', 'watcher', 'watches'], words, ['QUIT']]
        .map(
          (command) =>
            `*${command.length}\r\n${command.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`,
        )
        .join(''),
    )
    return promise
  }

  #spawn(): Child {
    return new Child({
      name: 'redis',
      command: '/usr/bin/redis-server',
      args: [join(this.#folder, 'redis.conf')],
      cwd: this.#folder,
      logFile: join(this.#folder, 'redis.log'),
    })
  }

  async #answers(): Promise<void> {
    for (;;) {
      const answer = await this.command('PING').catch(() => '')
      if (answer.startsWith('+PONG')) return
      if (!this.#process.isRunning) throw new Error(`Redis ended:\n${await this.#process.log()}`)
      await delay(50)
    }
  }
}
