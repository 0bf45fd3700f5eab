import assert from 'node:assert/strict'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { type Answer, ask, store } from '../peers/ask.ts'
import { freePort } from '../peers/freePort.ts'
import { type Configuration, Gatehouse } from '../peers/gatehouse.ts'

/** A Gatehouse with tokens of its own that listens to a broker, and ways to look at what it keeps. */
export class KeyManager {
  readonly gatehouse: Gatehouse
  readonly #database: string
  readonly #adminUrl: string

  private constructor(gatehouse: Gatehouse, database: string, adminUrl: string) {
    this.gatehouse = gatehouse
    this.#database = database
    this.#adminUrl = adminUrl
  }

  static async start(
    folder: string,
    name: string,
    transportUrl: string,
    changes: Configuration = {},
  ): Promise<KeyManager> {
    const adminPort = await freePort()
    const gatehouse = await Gatehouse.start({
      name,
      folder,
      configuration: {
        ...changes,
        DEFAULT: { auth_strategy: 'token', transport_url: transportUrl },
        admin: { bind_host: '127.0.0.1', bind_port: String(adminPort) },
        keystone_notifications: {
          enable: 'true',
          pool_name: name,
          confirm: 'false',
          ...changes['keystone_notifications'],
        },
      },
    })
    const database = join(folder, name, 'state', 'gatehouse.sqlite')
    return new KeyManager(gatehouse, database, `http://127.0.0.1:${adminPort}`)
  }

  async token(project: string): Promise<string> {
    const printed = await this.gatehouse.command(
      ...['token', 'issue', '--project', project, '--role', 'creator', '--role', 'admin'],
    )
    return printed.trimEnd().split('\n').at(-1) ?? ''
  }

  async store(token: string, payload: string): Promise<string> {
    return store(this.gatehouse.url, token, payload)
  }

  async read(ref: string, token: string): Promise<Answer> {
    return ask(`${ref}/payload`, { token, headers: { Accept: 'text/plain' } })
  }

  rows(sql: string, ...params: readonly string[]): readonly Readonly<Record<string, unknown>>[] {
    const database = new Sqlite(this.#database, { readonly: true, timeout: 5000 })
    try {
      return database.prepare<unknown[], Record<string, unknown>>(sql).all(...params)
    } finally {
      database.close()
    }
  }

  /** While `work` runs nobody else writes. */
  async whileLocked<T>(work: () => Promise<T>): Promise<T> {
    const database = new Sqlite(this.#database, { timeout: 5000 })
    database.exec('begin immediate')
    try {
      return await work()
    } finally {
      database.exec('rollback')
      database.close()
    }
  }

  stateOf(project: string): unknown {
    return this.rows('select state from projects where project_id = ?', project)[0]?.['state']
  }

  async metric(line: string): Promise<number> {
    const { text } = await ask(`${this.#adminUrl}/metrics`)
    const found = text.split('\n').find((it) => it.startsWith(`${line} `))
    return found === undefined ? Number.NaN : Number(found.slice(line.length + 1))
  }

  async readiness(): Promise<Answer> {
    return ask(`${this.#adminUrl}/readyz`)
  }

  async listening(): Promise<void> {
    await until(
      'it listens',
      async () => (await this.metric('gatehouse_notifications_connected')) === 1,
    )
  }

  async shredded(project: string, seconds = 20): Promise<void> {
    await until(`${project} is shredded`, async () => this.stateOf(project) === 'shredded', seconds)
  }
}

export const until = async (
  what: string,
  isTrue: () => Promise<boolean>,
  seconds = 120,
): Promise<void> => {
  const deadline = performance.now() + seconds * 1000
  while (!(await isTrue())) {
    assert.ok(performance.now() < deadline, `not within ${seconds} s: ${what}`)
    await delay(50)
  }
}
