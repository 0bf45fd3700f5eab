import { unavailable } from '../../lib/fault.ts'
import type { FailureKind } from '../dialect.ts'
import type { FindById } from '../findById.ts'
import type { Reads } from '../reads.ts'
import type { Row, SqlValue, Statement, Statements } from '../statement.ts'
import { awaitStatements } from './awaitStatements.ts'
import { GatheredFinds } from './gatheredFinds.ts'
import type { ServerConnection } from './serverConnection.ts'
import type { ServerPool } from './serverPool.ts'

export interface ServerReadsParts {
  readonly pool: ServerPool
  readonly failureKind: (error: unknown) => FailureKind
  /** Statements of gathered finds under way at the same time. */
  readonly findsTogether: number
  readonly monotonicMs: () => number
}

const ANSWER_WITHIN_MS = 10_000
/** Lists of large projects. */
const SNAPSHOT_WITHIN_MS = 30_000
const ATTEMPTS = 2

/** Reads from a server: one round trip for a statement, four or more for a snapshot. */
export class ServerReads implements Reads {
  readonly #parts: ServerReadsParts
  readonly #gathered = new Map<FindById, GatheredFinds>()

  constructor(parts: ServerReadsParts) {
    this.#parts = parts
  }

  async first(sql: string, ...params: readonly SqlValue[]): Promise<Row | undefined> {
    const rows = await this.all(sql, ...params)
    return rows[0]
  }

  byId(find: FindById, id: string): Promise<Row | undefined> {
    let gathered = this.#gathered.get(find)
    if (gathered === undefined) {
      const rowsOf = ({ sql, params }: Statement) => this.all(sql, ...params)
      gathered = new GatheredFinds(find, { rowsOf, together: this.#parts.findsTogether })
      this.#gathered.set(find, gathered)
    }
    return gathered.byId(id)
  }

  async all(sql: string, ...params: readonly SqlValue[]): Promise<readonly Row[]> {
    const { rows } = await this.#attempt(ANSWER_WITHIN_MS, (connection) =>
      connection.execute({ sql, params }),
    )
    return rows
  }

  async snapshot<Result>(statements: () => Statements<Result>): Promise<Result> {
    return this.#attempt(SNAPSHOT_WITHIN_MS, async (connection) => {
      await connection.begin('snapshot')
      try {
        return await awaitStatements(statements(), (statement) => connection.execute(statement))
      } finally {
        await connection.rollback()
      }
    })
  }

  /** A read changes nothing: one that met a connection long dead, or a lost lock, is asked again in its time. */
  async #attempt<Result>(
    withinMs: number,
    read: (connection: ServerConnection) => Promise<Result>,
  ): Promise<Result> {
    const { pool, failureKind, monotonicMs } = this.#parts
    const lateMs = monotonicMs() + withinMs
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await pool.use(Math.max(lateMs - monotonicMs(), 0), read)
      } catch (error) {
        const kind = failureKind(error)
        if (kind === 'bug' || kind === 'constraint') throw error
        const isLast = attempt === ATTEMPTS || kind === 'refused' || monotonicMs() >= lateMs
        if (isLast) throw unavailable('The database cannot be read.', error)
      }
    }
  }
}
