import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Child } from '../peers/child.ts'
import { freePort } from '../peers/freePort.ts'

export const TLS_FILES = resolve(import.meta.dirname, '../unit/identity/tls')

/** A RabbitMQ of its own, with TLS, that a test may stop and kill. It wants no root. */
export class OwnRabbit {
  readonly port: number
  readonly tlsPort: number
  readonly #folder: string
  readonly #environment: NodeJS.ProcessEnv
  #process: Child | undefined

  private constructor(folder: string, port: number, tlsPort: number, distPort: number) {
    this.port = port
    this.tlsPort = tlsPort
    this.#folder = folder
    this.#environment = {
      PATH: process.env['PATH'],
      LANG: 'C.UTF-8',
      HOME: folder,
      RABBITMQ_NODENAME: `gatehouse-${randomBytes(4).toString('hex')}@localhost`,
      RABBITMQ_CONF_ENV_FILE: join(folder, 'environment.conf'),
      RABBITMQ_CONFIG_FILE: join(folder, 'rabbitmq.conf'),
      RABBITMQ_ENABLED_PLUGINS_FILE: join(folder, 'enabled_plugins'),
      RABBITMQ_MNESIA_BASE: join(folder, 'mnesia'),
      RABBITMQ_LOG_BASE: join(folder, 'log'),
      RABBITMQ_PID_FILE: join(folder, 'pid'),
      RABBITMQ_DIST_PORT: String(distPort),
      // Without a shell in between: the pid is that of the broker itself.
      RUNNING_UNDER_SYSTEMD: 'true',
      RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '-kernel inet_dist_use_interface {127,0,0,1}',
    }
  }

  static async start(folder: string): Promise<OwnRabbit> {
    const rabbit = new OwnRabbit(folder, await freePort(), await freePort(), await freePort())
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, 'environment.conf'), '')
    await writeFile(join(folder, 'enabled_plugins'), '[].\n')
    const lines = [
      `listeners.tcp.local = 127.0.0.1:${rabbit.port}`,
      `listeners.ssl.local = 127.0.0.1:${rabbit.tlsPort}`,
      `ssl_options.cacertfile = ${join(TLS_FILES, 'ca.pem')}`,
      `ssl_options.certfile = ${join(TLS_FILES, 'server.pem')}`,
      `ssl_options.keyfile = ${join(TLS_FILES, 'server.key')}`,
      'ssl_options.verify = verify_peer',
      'ssl_options.fail_if_no_peer_cert = true',
    ]
    await writeFile(join(folder, 'rabbitmq.conf'), `${lines.join('\n')}\n`)
    await rabbit.startAgain()
    return rabbit
  }

  async startAgain(): Promise<void> {
    const child = new Child({
      name: 'rabbitmq',
      command: '/usr/lib/rabbitmq/bin/rabbitmq-server',
      args: [],
      env: this.#environment,
      cwd: this.#folder,
      logFile: join(this.#folder, 'rabbitmq.log'),
    })
    this.#process = child
    const until = performance.now() + 90_000
    while (!(await isOpen(this.tlsPort))) {
      if (!child.isRunning || performance.now() > until)
        throw new Error(`RabbitMQ does not start:\n${(await child.log()).slice(-3000)}`)
      await delay(200)
    }
  }

  async kill(): Promise<void> {
    await this.#process?.stop('SIGKILL')
  }

  async stop(): Promise<void> {
    await this.#process?.stop('SIGTERM', 30_000)
  }
}

const isOpen = (port: number): Promise<boolean> =>
  new Promise((answer) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      answer(true)
    })
    socket.on('error', () => answer(false))
  })
