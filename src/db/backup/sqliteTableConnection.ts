import { unavailable } from '../../lib/fault.ts'
import { dialectSqlite } from '../dialectSqlite.ts'
import { SqliteConnection } from '../dialectSqliteConnection.ts'
import { reasonOf } from '../failureReason.ts'
import type { Statement, StatementResult } from '../statement.ts'
import { doesNotFit, type TableConnection } from './tableConnection.ts'

const BUSY_TIMEOUT_MS = 5_000

/** A connection of its own to the file: a server at work on it goes on. */
export function openSqliteTables(path: string, access: 'read' | 'write'): TableConnection {
  return new SqliteTableConnection(path, access)
}

class SqliteTableConnection implements TableConnection {
  readonly #path: string
  readonly #connection: SqliteConnection

  constructor(path: string, access: 'read' | 'write') {
    this.#path = path
    this.#connection = this.#orRefuse(
      () => new SqliteConnection({ path, access, busyTimeoutMs: BUSY_TIMEOUT_MS }),
    )
  }

  async execute(statement: Statement): Promise<StatementResult> {
    return this.#orRefuse(() => this.#connection.execute(statement))
  }

  async begin(kind: 'snapshot' | 'change'): Promise<void> {
    this.#orRefuse(() => {
      if (kind === 'change') this.#connection.beginWrite()
      else this.#connection.beginRead()
    })
  }

  async commit(): Promise<void> {
    this.#orRefuse(() => {
      this.#connection.commit()
      // All of it stands in the log, which else stays as large as the database.
      this.#connection.checkpoint('truncate')
    })
  }

  async close(): Promise<void> {
    this.#connection.close()
  }

  #orRefuse<T>(work: () => T): T {
    try {
      return work()
    } catch (cause) {
      const kind = dialectSqlite.failureKind(cause)
      if (kind === 'bug') throw cause
      if (kind === 'constraint') throw doesNotFit(reasonOf(cause), cause)
      throw unavailable(
        `The database ${this.#path} cannot be read or written: ${reasonOf(cause)}`,
        cause,
      )
    }
  }
}
