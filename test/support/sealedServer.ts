import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { runCli } from './runCli.ts'

const COMMAND = resolve(import.meta.dirname, '../../bin/gatehouse.js')

interface CleansUp {
  after(work: () => unknown): unknown
}

export interface Ended {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

/** A server on SQLite whose keyring wants shares, and the verbs beside it, each a process of its own. */
export class SealedServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'gatehouse-sealed-'))
  readonly env: Readonly<Record<string, string | undefined>>
  #server: ChildProcess | undefined
  #settings: readonly string[] = []
  #address = ''

  constructor(t: CleansUp, protection = 'shares') {
    this.env = {
      PATH: process.env['PATH'],
      STATE_DIRECTORY: join(this.folder, 'state'),
      OS_DEFAULT__LOG_FILE: join(this.folder, 'gatehouse.log'),
      OS_DEFAULT__BIND_PORT: '0',
      OS_ADMIN__BIND_PORT: '0',
      OS_GATEHOUSE__LOOP_DELAY_LIMIT_MS: '0',
      OS_KEYRING__PROTECTION: protection,
    }
    t.after(async () => {
      await this.kill()
      rmSync(this.folder, { recursive: true, force: true })
    })
  }

  get keyring(): string {
    return join(this.folder, 'state/keyring')
  }

  get log(): string {
    return readFileSync(join(this.folder, 'gatehouse.log'), 'utf8')
  }

  /** The messages of the log, in their order. */
  get messages(): readonly unknown[] {
    return this.log
      .split('\n')
      .filter((line) => line.endsWith('}'))
      .map((line) => (JSON.parse(line) as { readonly message?: unknown }).message)
  }

  /** What a file of settings says, for server and verbs; the environment wins. */
  configure(text: string): void {
    const file = join(this.folder, 'gatehouse.conf')
    writeFileSync(file, text, { mode: 0o600 })
    this.#settings = ['--config-file', file]
  }

  spawned(args: readonly string[], env: object = {}): ChildProcess {
    return spawn(process.execPath, [COMMAND, ...args, ...this.#settings], {
      env: { ...this.env, ...env },
    })
  }

  /** A verb, with these bytes on standard input. */
  async run(args: readonly string[], input = '', env: object = {}): Promise<Ended> {
    const child = this.spawned(args, env)
    const told = { out: '', err: '' }
    child.stdout?.on('data', (bytes) => {
      told.out += bytes
    })
    child.stderr?.on('data', (bytes) => {
      told.err += bytes
    })
    // A verb that asks for nothing ends before it reads.
    child.stdin?.on('error', () => undefined)
    child.stdin?.end(input)
    const code = await new Promise<number | null>((end) => child.once('close', end))
    return { code, ...told }
  }

  async done(args: readonly string[], input = '', env: object = {}): Promise<string> {
    const { code, out, err } = await this.run(args, input, env)
    assert.equal(code, 0, `${args.join(' ')}: ${err}`)
    return out
  }

  /** A verb inside this process: sooner than one of its own. */
  async verb(args: readonly string[], input = ''): Promise<Ended> {
    const run = runCli({ args: [...args, ...this.#settings], env: this.env, input })
    return { code: await run.code, out: run.out(), err: run.err() }
  }

  /** Makes the keyring. @returns its shares */
  async dealt(shares = 5, threshold = 3): Promise<readonly string[]> {
    const args = ['kek', 'seal', `--shares=${shares}`, `--threshold=${threshold}`]
    const { code, out, err } = await this.verb(args)
    assert.equal(code, 0, err)
    return out.trim().split('\n')
  }

  async start(): Promise<void> {
    const before = existsSync(join(this.folder, 'gatehouse.log')) ? this.#listening.length : 0
    this.#server = this.spawned(['serve'])
    const { exitCode } = this.#server
    for (const deadline = Date.now() + 30_000; ; await delay(20)) {
      if (existsSync(join(this.folder, 'gatehouse.log')) && this.#listening.length > before) break
      if (exitCode !== null || Date.now() > deadline) throw new Error(`no start: ${this.log}`)
    }
    this.#address = this.#listening.at(-1) ?? ''
  }

  get #listening(): readonly string[] {
    return [...this.log.matchAll(/"address":"(http:[^"]*)","message":"listening"/g)].map(
      ([, address = '']) => address,
    )
  }

  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    const server = this.#server
    this.#server = undefined
    if (server === undefined || server.exitCode !== null) return server?.exitCode ?? null
    const ended = new Promise<number | null>((end) => server.once('close', end))
    server.kill(signal)
    return ended
  }

  async kill(): Promise<void> {
    await this.stop('SIGKILL')
  }

  ask(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.#address}${path}`, init)
  }

  async health(): Promise<string> {
    return (await this.ask('/healthcheck')).text()
  }

  async token(): Promise<string> {
    const { out: printed } = await this.verb(['token', 'issue', '--project=p', '--role=creator'])
    return printed.trim().split('\n').at(-1) ?? ''
  }

  post(token: string, payload: string): Promise<Response> {
    return this.ask('/v1/secrets', {
      method: 'POST',
      headers: { 'X-Auth-Token': token, 'Content-Type': 'application/json' },
      body: JSON.stringify({ name: 'key', payload, payload_content_type: 'text/plain' }),
    })
  }

  /** Stores a secret. @returns its path */
  async store(token: string, payload: string): Promise<string> {
    const answer = await this.post(token, payload)
    assert.equal(answer.status, 201, await answer.clone().text())
    const { secret_ref: ref } = (await answer.json()) as { readonly secret_ref: string }
    return new URL(ref).pathname
  }

  /** As castellan fetches a key: its metadata, then its payload. */
  async fetched(token: string, path: string): Promise<string> {
    const headers = { 'X-Auth-Token': token }
    const metadata = await this.ask(path, { headers: { ...headers, Accept: 'application/json' } })
    if (metadata.status !== 200) return `metadata ${metadata.status}`
    const { content_types: types } = (await metadata.json()) as {
      readonly content_types: Readonly<Record<string, string>>
    }
    const payload = await this.ask(`${path}/payload`, {
      headers: { ...headers, Accept: types['default'] ?? '' },
    })
    return payload.status === 200 ? payload.text() : `payload ${payload.status}`
  }
}
