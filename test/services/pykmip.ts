import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { Child } from '../peers/child.ts'
import { freePort } from '../peers/freePort.ts'
import type { Pki } from '../support/testPki.ts'

const run = promisify(execFile)
const KEYS = join(import.meta.dirname, 'pykmip_keys.py')
/** Debian's own: that is where python3-pykmip lies. */
const PYTHON = '/usr/bin/python3'

export interface ClientFiles {
  readonly caFile: string
  readonly certFile: string
  readonly keyFile: string
}

/** Debian's PyKMIP server with a database and certificates of its own. */
export class PyKmip {
  readonly port: number
  readonly client: ClientFiles
  readonly #folder: string
  #process: Child | undefined

  private constructor(folder: string, port: number, client: ClientFiles) {
    this.#folder = folder
    this.port = port
    this.client = client
  }

  static async start(folder: string, pki: Pki): Promise<PyKmip> {
    mkdirSync(folder, { recursive: true })
    mkdirSync(join(folder, 'policy'))
    const port = await freePort()
    const put = (name: string, content: string): string => {
      const path = join(folder, name)
      writeFileSync(path, content, { mode: 0o600 })
      return path
    }
    const server = await pki.issue()
    const client = await pki.issue({
      commonName: 'gatehouse',
      alternativeNames: [],
      usage: 'client',
    })
    const caFile = put('ca.pem', pki.caPem)
    const files = {
      caFile,
      certFile: put('client.pem', client.certificate),
      keyFile: put('client.key', client.key),
    }
    const settings = {
      hostname: '127.0.0.1',
      port,
      certificate_path: put('server.pem', server.certificate),
      key_path: put('server.key', server.key),
      ca_path: caFile,
      auth_suite: 'TLS1.2',
      policy_path: join(folder, 'policy'),
      enable_tls_client_auth: 'True',
      logging_level: 'INFO',
      database_path: join(folder, 'database'),
    }
    put('server.conf', iniOf('server', settings))
    const kmipClient = {
      host: '127.0.0.1',
      port,
      keyfile: files.keyFile,
      certfile: files.certFile,
      cert_reqs: 'CERT_REQUIRED',
      ssl_version: 'PROTOCOL_TLSv1_2',
      ca_certs: caFile,
      do_handshake_on_connect: 'True',
      suppress_ragged_eofs: 'True',
      username: '',
      password: '',
    }
    put('client.conf', iniOf('client', kmipClient))
    const kmip = new PyKmip(folder, port, files)
    await kmip.startAgain()
    return kmip
  }

  async startAgain(): Promise<void> {
    const child = new Child({
      name: 'pykmip',
      command: '/usr/bin/pykmip-server',
      args: ['-f', join(this.#folder, 'server.conf'), '-l', join(this.#folder, 'kmip.log')],
      env: { ...process.env, PYTHONWARNINGS: 'ignore' },
      cwd: this.#folder,
      logFile: join(this.#folder, 'output.log'),
    })
    this.#process = child
    const until = performance.now() + 60_000
    while (!(await isOpen(this.port))) {
      if (!child.isRunning || performance.now() > until) {
        throw new Error(`PyKMIP does not start:\n${(await child.log()).slice(-3000)}`)
      }
      await delay(100)
    }
  }

  /** Killed with its helper processes: asked politely, it waits ten seconds for its connections. */
  async stop(): Promise<void> {
    const child = this.#process
    if (child === undefined || !child.isRunning) return
    const helpers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8')
    const stopped = child.stop('SIGKILL')
    for (const pid of helpers.trim().split(' ').filter(Boolean))
      process.kill(Number(pid), 'SIGKILL')
    await stopped
  }

  /** @param wanted as pykmip_keys.py takes them. @returns identifiers */
  async keys(...wanted: readonly string[]): Promise<readonly string[]> {
    const config = join(this.#folder, 'client.conf')
    const { stdout } = await run(PYTHON, ['-W', 'ignore', KEYS, config, ...wanted], {
      timeout: 60_000,
    })
    return stdout.trim().split('\n')
  }
}

function iniOf(section: string, options: Readonly<Record<string, string | number>>): string {
  const lines = Object.entries(options).map(([name, value]) => `${name} = ${value}`)
  return [`[${section}]`, ...lines, ''].join('\n')
}

async function isOpen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect(port, '127.0.0.1')
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  const answer = await promise
  socket.destroy()
  return answer
}
