import { unavailable } from '../lib/fault.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { SqliteConnection } from './dialectSqliteConnection.ts'
import { driveStatements } from './driveStatements.ts'
import { reasonOf } from './failureReason.ts'
import type { FindById } from './findById.ts'
import { ensureSchemaServes } from './knownSchema.ts'
import type { Reads } from './reads.ts'
import type { Row, SqlValue, Statements } from './statement.ts'

export interface SqliteReaderParts {
  readonly path: string
  readonly monotonicMs: () => number
  readonly onEvent: OnDatabaseEvent
}

/** A reader waits for nobody but a recovery, and it waits on the loop that answers requests. */
const BUSY_TIMEOUT_MS = 100
/** How long a folder may be gone before reads notice: a look costs three stat calls. */
const LOOK_EVERY_MS = 250

/** A read that waits for those that came with it. */
interface Asked {
  readonly sql: string
  readonly params: readonly SqlValue[]
  readonly resolve: (row: Row | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * The read-only connection in the thread that answers requests. With the log beside the database it
 * neither waits for the writer nor holds it up, and sees every commit that was acknowledged.
 */
export class SqliteReader implements Reads {
  readonly #parts: SqliteReaderParts
  #connection: SqliteConnection | undefined
  #lookedAtMs = 0
  #isClosed = false
  #asked: Asked[] = []

  constructor(parts: SqliteReaderParts) {
    this.#parts = parts
  }

  first(sql: string, ...params: readonly SqlValue[]): Promise<Row | undefined> {
    return new Promise((resolve, reject) => {
      // Runs when all that are as far as this one have asked.
      if (this.#asked.push({ sql, params, resolve, reject }) === 1) queueMicrotask(this.#answerAll)
    })
  }

  byId(find: FindById, id: string): Promise<Row | undefined> {
    return this.first(find.one, id)
  }

  async all(sql: string, ...params: readonly SqlValue[]): Promise<readonly Row[]> {
    return this.#attempt((connection) => connection.execute({ sql, params }).rows)
  }

  async snapshot<Result>(statements: () => Statements<Result>): Promise<Result> {
    return this.#attempt((connection) => {
      connection.beginRead()
      try {
        return driveStatements(statements(), (statement) => connection.execute(statement))
      } finally {
        connection.rollback()
      }
    })
  }

  /** Opens now instead of at the first read, and looks whether the files are in place. */
  ensureOpen(): void {
    this.#lookedAtMs = Number.NEGATIVE_INFINITY
    this.#attempt(() => undefined)
  }

  close(): void {
    this.#isClosed = true
    this.#connection?.close()
    this.#connection = undefined
  }

  /**
   * One transaction, so two file locks, for all. It is over before the event loop turns, so before the
   * writer's next acknowledgement arrives: what was acknowledged is always seen.
   */
  readonly #answerAll = (): void => {
    const asked = this.#asked
    this.#asked = []
    const connection = asked.length === 1 ? undefined : this.#begun()
    this.#answer(asked)
    // A read that cost the connection took the transaction along.
    if (connection === undefined || connection !== this.#connection) return
    try {
      connection.rollback()
    } catch (error) {
      this.#discard(error)
    }
  }

  /** A connection in a transaction. Without one, each is told for itself what is wrong. */
  #begun(): SqliteConnection | undefined {
    try {
      return this.#attempt((connection) => {
        connection.beginRead()
        return connection
      })
    } catch {
      return undefined
    }
  }

  #answer(asked: readonly Asked[]): void {
    for (const { sql, params, resolve, reject } of asked) {
      try {
        resolve(this.#attempt((connection) => connection.first(sql, params)))
      } catch (error) {
        reject(error)
      }
    }
  }

  #attempt<Result>(read: (connection: SqliteConnection) => Result): Result {
    try {
      return read(this.#openConnection())
    } catch (error) {
      const kind = dialectSqlite.failureKind(error)
      if (kind !== 'away' && kind !== 'busy') throw error
      if (kind === 'away') this.#discard(error)
      throw unavailable('The database cannot be read.', error)
    }
  }

  #openConnection(): SqliteConnection {
    if (this.#isClosed) throw unavailable('The database is closed.')
    const nowMs = this.#parts.monotonicMs()
    if (this.#connection !== undefined && nowMs - this.#lookedAtMs < LOOK_EVERY_MS) {
      return this.#connection
    }
    this.#connection ??= this.#open()
    this.#connection.ensureFilesInPlace()
    this.#lookedAtMs = nowMs
    return this.#connection
  }

  #open(): SqliteConnection {
    let connection: SqliteConnection | undefined
    try {
      const { path } = this.#parts
      connection = new SqliteConnection({ path, access: 'read', busyTimeoutMs: BUSY_TIMEOUT_MS })
      ensureSchemaServes(connection)
      this.#parts.onEvent({ type: 'connectionOpened', by: 'reader' })
      return connection
    } catch (error) {
      connection?.close()
      throw unavailable('The database cannot be opened for reading.', error)
    }
  }

  #discard(error: unknown): void {
    const connection = this.#connection
    if (connection === undefined) return
    this.#connection = undefined
    this.#parts.onEvent({ type: 'connectionLost', by: 'reader', reason: reasonOf(error) })
    connection.close()
  }
}
