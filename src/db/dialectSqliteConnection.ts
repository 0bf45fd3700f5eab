import { statSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { BoundedCache } from './boundedCache.ts'
import { FILES_MOVED } from './dialectSqlite.ts'
import type { Row, SqlValue, Statement, StatementResult } from './statement.ts'

export interface SqliteConnectionOptions {
  readonly path: string
  readonly access: 'read' | 'write'
  readonly busyTimeoutMs: number
  /** For tests alone: weakens what is set here, to prove that a test would notice. */
  readonly weakening?: SqliteWeakening
}

export interface SqliteWeakening {
  readonly synchronous?: 'NORMAL'
  readonly maxPageCount?: number
}

export interface CheckpointResult {
  /** A reader or another process held it up. */
  readonly isBusy: boolean
  /** Frames left in the log. */
  readonly pagesInLog: number
}

/** Set on the writing connection, and read back: a database that will not promise this does not start. */
const WRITER_PRAGMAS = [
  ['journal_mode', 'WAL', 'wal'],
  // better-sqlite3 is built with NORMAL for WAL: a power cut would take acknowledged secrets with it.
  ['synchronous', 'FULL', 2],
  // What is deleted is overwritten with zeros, in freed pages as well.
  ['secure_delete', 'ON', 1],
  ['foreign_keys', 'ON', 1],
  // Checkpoints are the writer's to time: after the acknowledgements, never before.
  ['wal_autocheckpoint', '0', 0],
] as const

/**
 * The system's own cache has the file, so a page that is not here costs a copy of it and no disk. A reader of
 * a hundred thousand secrets is no slower with 4 MB than with 16; a writer keeps what a transaction touches.
 */
const CACHE_KB = { read: 4_000, write: 8_000 } as const

/** Hot statements stay; a client that asks for ever new combinations of filters pushes out its own. */
const HELD_STATEMENTS = 200

/** One connection to a SQLite file. All SQL that only SQLite understands stands here or in the dialect. */
export class SqliteConnection {
  readonly #path: string
  readonly #database: Sqlite.Database
  readonly #statements = new BoundedCache<Sqlite.Statement<unknown[], Row>>(HELD_STATEMENTS)
  readonly #prepare = (sql: string) => this.#database.prepare<unknown[], Row>(sql)
  readonly #files: string

  /** @throws what the driver throws when file, folder or settings are not as they must be */
  constructor(options: SqliteConnectionOptions) {
    this.#path = options.path
    this.#database = new Sqlite(options.path, {
      readonly: options.access === 'read',
      // A database that has gone must not come back as an empty one.
      fileMustExist: true,
      timeout: options.busyTimeoutMs,
    })
    try {
      if (options.access === 'write') this.#setAndReadBack(options.weakening ?? {})
      this.#database.pragma(`cache_size = -${CACHE_KB[options.access]}`)
      // The first read opens the log, so that all files stand when we look where they are.
      this.#database.prepare('select count(*) from sqlite_schema').get()
      this.#files = filesAt(this.#path)
    } catch (error) {
      this.#database.close()
      throw error
    }
  }

  #setAndReadBack(weakening: SqliteWeakening): void {
    for (const [pragma, wanted, readBack] of WRITER_PRAGMAS) {
      const value = (pragma === 'synchronous' ? weakening.synchronous : undefined) ?? wanted
      this.#database.pragma(`${pragma} = ${value}`)
      const found: unknown = this.#database.pragma(pragma, { simple: true })
      if (value === wanted && found !== readBack) {
        throw new Error(`SQLite did not take ${pragma} = ${wanted}; it says ${String(found)}.`)
      }
    }
    if (weakening.maxPageCount !== undefined) {
      this.#database.pragma(`max_page_count = ${weakening.maxPageCount}`)
    }
  }

  first(sql: string, params: readonly SqlValue[]): Row | undefined {
    return this.#statements.getOrMake(sql, this.#prepare).get(...params)
  }

  execute({ sql, params }: Statement): StatementResult {
    const statement = this.#statements.getOrMake(sql, this.#prepare)
    if (statement.reader) return { rows: statement.all(...params), changes: 0 }
    return { rows: [], changes: statement.run(...params).changes }
  }

  /** Takes the writer's lock now, so that a commit never meets another writer. */
  beginWrite(): void {
    this.execute({ sql: 'begin immediate', params: [] })
  }

  beginRead(): void {
    this.execute({ sql: 'begin', params: [] })
  }

  commit(): void {
    this.execute({ sql: 'commit', params: [] })
  }

  /** Safe to call when SQLite has rolled back by itself. */
  rollback(): void {
    if (this.#database.inTransaction) this.execute({ sql: 'rollback', params: [] })
  }

  get isInTransaction(): boolean {
    return this.#database.inTransaction
  }

  /** Brings the log into the database; 'truncate' also empties it and waits for readers to leave. */
  checkpoint(mode: 'passive' | 'truncate'): CheckpointResult {
    const rows = this.#database.pragma(`wal_checkpoint(${mode})`) as readonly {
      readonly busy: number
      readonly log: number
    }[]
    return { isBusy: rows[0]?.busy !== 0, pagesInLog: rows[0]?.log ?? 0 }
  }

  /**
   * SQLite keeps writing to a file that was deleted or moved away, and calls it durable. This throws
   * when the path no longer leads to the files that are open here.
   */
  ensureFilesInPlace(): void {
    if (filesAt(this.#path) === this.#files) return
    const error = new Error('The database files were replaced or moved while open.')
    throw Object.assign(error, { code: FILES_MOVED })
  }

  close(): void {
    this.#database.close()
  }
}

/** Never opens them: closing any descriptor of a file drops this process's locks on it (POSIX). */
function filesAt(path: string): string {
  const found = ['', '-wal', '-shm'].map((suffix) =>
    statSync(`${path}${suffix}`, { throwIfNoEntry: false }),
  )
  return found.map((file) => (file === undefined ? 'none' : `${file.dev}:${file.ino}`)).join(' ')
}
