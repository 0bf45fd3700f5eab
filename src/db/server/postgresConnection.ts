import type { Client, QueryResult } from 'pg'
import { BoundedCache } from '../boundedCache.ts'
import type { Row, SqlValue, Statement, StatementResult } from '../statement.ts'
import {
  type DurabilityWeakness,
  HELD_STATEMENTS,
  type ServerConnection,
  type SessionLimits,
  type TransactionKind,
} from './serverConnection.ts'

const SETTINGS =
  'select settings.name, settings.setting from pg_settings settings where settings.name in ' +
  "('fsync', 'full_page_writes', 'synchronous_commit')"

interface Prepared {
  /** Undefined: not worth a name on the server. */
  readonly name: string | undefined
  readonly text: string
}

/** A connection by pg. */
export class PostgresConnection implements ServerConnection {
  readonly #client: Client
  #weaknesses: readonly DurabilityWeakness[] = []
  #named = 0
  readonly #prepared = new BoundedCache<Prepared>(HELD_STATEMENTS * 2)

  constructor(client: Client) {
    this.#client = client
  }

  get weaknesses(): readonly DurabilityWeakness[] {
    return this.#weaknesses
  }

  /** Once, before anything else. */
  async prepare({ statementSeconds, lockWaitSeconds }: SessionLimits): Promise<void> {
    await this.#client.query(
      `set default_transaction_isolation = 'read committed'; ` +
        `set statement_timeout = '${statementSeconds}s'; set lock_timeout = '${lockWaitSeconds}s'; ` +
        // A transaction of ours never waits for us that long; one whose client is gone would hold its locks.
        `set idle_in_transaction_session_timeout = '${statementSeconds}s'; ` +
        'set standard_conforming_strings = on',
    )
    const { rows } = await this.#client.query<{ name: string; setting: string }>(SETTINGS)
    const found = new Map(rows.map(({ name, setting }) => [name, setting]))
    if (found.get('synchronous_commit') === 'off') {
      // Ours to say for each session; what is stronger than `on` stays.
      await this.#client.query('set synchronous_commit = on')
    }
    this.#weaknesses = ['fsync', 'full_page_writes'].flatMap((setting) => {
      const actual = found.get(setting) ?? 'unknown'
      return actual === 'on' ? [] : [{ setting, found: actual, wanted: 'on' }]
    })
  }

  async execute({ sql, params }: Statement): Promise<StatementResult> {
    const { name, text } = this.#prepared.getOrMake(sql, this.#prepare)
    const values = params.map(bindable)
    const result: QueryResult<Row> = await this.#client.query(
      name === undefined ? { text, values } : { name, text, values },
    )
    const isRead = result.command === 'SELECT'
    return { rows: result.rows, changes: isRead ? 0 : (result.rowCount ?? 0) }
  }

  async begin(kind: TransactionKind): Promise<void> {
    await this.#client.query(
      kind === 'change' ? 'begin' : 'begin isolation level repeatable read read only',
    )
  }

  async commit(): Promise<void> {
    const { command } = await this.#client.query('commit')
    // In a transaction that failed, COMMIT is answered by ROLLBACK, without an error.
    if (command !== 'COMMIT') throw new Error(`COMMIT was answered by ${command}.`)
  }

  async rollback(): Promise<void> {
    await this.#client.query('rollback')
  }

  async close(): Promise<void> {
    await this.#client.end()
  }

  destroy(): void {
    // The driver's own way out waits for the server, which may be the one that does not answer.
    const { connection } = this.#client as unknown as {
      readonly connection: { readonly stream: { destroy(): void } }
    }
    connection.stream.destroy()
  }

  /** The server keeps named statements until the connection ends, so only so many are given a name. */
  readonly #prepare = (sql: string): Prepared => {
    const text = numbered(sql)
    if (this.#named >= HELD_STATEMENTS) return { name: undefined, text }
    this.#named += 1
    return { name: `gatehouse_${this.#named}`, text }
  }
}

/** `$1` for the first `?` and so on. No literal of our statements holds a question mark. */
function numbered(sql: string): string {
  return sql
    .split('?')
    .map((part, index) => (index === 0 ? part : `$${index}${part}`))
    .join('')
}

/**
 * PostgreSQL's text holds no U+0000, and no decoder lets one in to be stored. What is only looked for (an id in a
 * path, a filter) is looked for with a character that nobody's text has, and not found.
 */
function bindable(value: SqlValue): string | number | Buffer | null {
  if (typeof value === 'string')
    return value.includes('\0') ? value.replaceAll('\0', '\uffff') : value
  if (value === null || typeof value === 'number') return value
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
}
