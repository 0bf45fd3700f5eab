import type { Connection, QueryError, ResultSetHeader, TypedParameterValue } from 'mysql2'
import { DUPLICATE_KEY, INSERT_OR_KEEP } from '../dialectMysql.ts'
import type { Row, SqlValue, Statement, StatementResult } from '../statement.ts'
import type {
  DurabilityWeakness,
  ServerConnection,
  SessionLimits,
  TransactionKind,
} from './serverConnection.ts'
import { connectionFailure } from './serverFailure.ts'

export interface MysqlSession extends SessionLimits {
  /** Galera: 1 makes a read wait until this node has applied what others acknowledged before it. */
  readonly wsrepSyncWait: number
}

const SQL_MODE =
  'STRICT_ALL_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'
const LONGEST_JSON_BYTES = 1_073_741_824
const VARIABLES =
  "show variables where variable_name in ('version', 'wsrep_on', 'log_bin', 'sync_binlog', " +
  "'innodb_flush_log_at_trx_commit')"

/** A connection by mysql2: MariaDB and MySQL. */
export class MysqlConnection implements ServerConnection {
  readonly #connection: Connection
  readonly #bindable: (value: SqlValue) => TypedParameterValue | string | Buffer | null
  #weaknesses: readonly DurabilityWeakness[] = []
  #waitsForOthers = false

  /** `integer`: as the driver wants a 64-bit one; what it makes of a number by itself is a DOUBLE. */
  constructor(connection: Connection, integer: (value: number) => TypedParameterValue) {
    this.#connection = connection
    this.#bindable = (value) => {
      if (value === null || typeof value === 'string') return value
      if (typeof value === 'number') return integer(value)
      return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
    }
  }

  get weaknesses(): readonly DurabilityWeakness[] {
    return this.#weaknesses
  }

  /** Once, before anything else: sets what the commands count on, whatever the server's own defaults. */
  async prepare(session: MysqlSession): Promise<void> {
    const found = variablesIn(await this.#say(VARIABLES))
    const isMariadb = /mariadb/i.test(found.get('version') ?? '')
    const isGalera = found.get('wsrep_on') === 'ON'
    await this.#say('set session transaction isolation level read committed')
    const settings = [
      `sql_mode = '${SQL_MODE}'`,
      `group_concat_max_len = ${LONGEST_JSON_BYTES}`,
      `innodb_lock_wait_timeout = ${session.lockWaitSeconds}`,
      isMariadb
        ? `max_statement_time = ${session.statementSeconds}`
        : `max_execution_time = ${session.statementSeconds * 1000}`,
      ...(isGalera ? [`wsrep_sync_wait = ${session.wsrepSyncWait}`] : []),
    ]
    await this.#say(`set ${settings.map((setting) => `session ${setting}`).join(', ')}`)
    this.#weaknesses = weaknessesIn(found, isGalera)
    this.#waitsForOthers = isGalera && session.wsrepSyncWait > 0
  }

  execute({ sql, params }: Statement): Promise<StatementResult> {
    return new Promise((resolve, reject) => {
      this.#connection.execute(sql, params.map(this.#bindable), (error, result) => {
        if (error === null) resolve(resultOf(result))
        else if (isKept(sql, error)) resolve({ rows: [], changes: 0 })
        else reject(error)
      })
    })
  }

  async begin(kind: TransactionKind): Promise<void> {
    // Galera's wsrep_sync_wait holds up a read that stands alone. Neither the start of a transaction nor a read
    // within one waits for what was acknowledged elsewhere, so one that stands alone, of a table, goes ahead of it.
    if (this.#waitsForOthers) await this.#say('select 1 from leases limit 1')
    if (kind === 'change') {
      await this.#say('start transaction')
      return
    }
    // For the next transaction alone. At READ COMMITTED every statement would see its own moment.
    await this.#say('set transaction isolation level repeatable read')
    await this.#say('start transaction with consistent snapshot, read only')
  }

  async commit(): Promise<void> {
    await this.#say('commit')
  }

  async rollback(): Promise<void> {
    await this.#say('rollback')
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#connection.end(() => resolve())
    })
  }

  destroy(): void {
    this.#connection.destroy()
    // The driver says goodbye and waits; the server may be the one that does not answer. Without an error it
    // would leave whatever is under way unsettled for ever.
    const { stream } = this.#connection as unknown as {
      readonly stream: { destroy(error: Error): void }
    }
    stream.destroy(connectionFailure('the connection was given up', 'ETIMEDOUT'))
  }

  #say(sql: string): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#connection.query(sql, (error, result) => {
        if (error === null) resolve(result)
        else reject(error)
      })
    })
  }
}

function resultOf(result: unknown): StatementResult {
  if (Array.isArray(result)) return { rows: result as readonly Row[], changes: 0 }
  return { rows: [], changes: (result as ResultSetHeader).affectedRows }
}

function isKept(sql: string, error: QueryError): boolean {
  return error.errno === DUPLICATE_KEY && sql.startsWith(INSERT_OR_KEEP)
}

function variablesIn(rows: unknown): ReadonlyMap<string, string> {
  const variables = rows as readonly { readonly Variable_name: string; readonly Value: string }[]
  return new Map(variables.map(({ Variable_name: name, Value: value }) => [name, value]))
}

/** On Galera a commit is on the other nodes before it is acknowledged: the disk of this one may lag. */
function weaknessesIn(
  found: ReadonlyMap<string, string>,
  isGalera: boolean,
): readonly DurabilityWeakness[] {
  if (isGalera) return []
  const wanted = [
    ['innodb_flush_log_at_trx_commit', '1'],
    // With a binary log, recovery rolls back what that log does not hold.
    ...(found.get('log_bin') === 'ON' ? [['sync_binlog', '1'] as const] : []),
  ] as const
  return wanted.flatMap(([setting, value]) => {
    const actual = found.get(setting) ?? 'unknown'
    return actual === value ? [] : [{ setting, found: actual, wanted: value }]
  })
}
