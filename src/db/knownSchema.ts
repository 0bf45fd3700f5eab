import type { Dialect } from './dialect.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { driveStatements } from './driveStatements.ts'
import { MIGRATIONS } from './migrationList.ts'
import { text } from './rows/column.ts'
import type { Statement, StatementResult, Statements } from './statement.ts'

export interface SchemaStatus {
  /** Name of the newest migration the database has; undefined for an empty database. */
  readonly current: string | undefined
  /** Name of the newest migration this release knows. */
  readonly latest: string
  readonly pending: readonly string[]
  /** A newer release has been here: the database holds what this one does not understand. */
  readonly newer: boolean
}

export const MIGRATIONS_TABLE = 'knex_migrations'

export function* readSchemaStatus(dialect: Dialect): Statements<SchemaStatus> {
  const table = yield { sql: dialect.tableNamed, params: [MIGRATIONS_TABLE] }
  if (table.rows.length === 0) return statusOf([])
  const { rows } = yield {
    sql: `select ${MIGRATIONS_TABLE}.name from ${MIGRATIONS_TABLE} order by ${MIGRATIONS_TABLE}.id`,
    params: [],
  }
  return statusOf(rows.map((row) => text(row, 'name')))
}

export function statusOf(applied: readonly string[]): SchemaStatus {
  const known = MIGRATIONS.map(({ name }) => name)
  return {
    current: applied.at(-1),
    latest: known.at(-1) ?? '',
    pending: known.filter((name) => !applied.includes(name)),
    newer: applied.some((name) => !known.includes(name)),
  }
}

/**
 * For a connection opened while the server runs: whatever came to stand in the old file's place must
 * have all that our statements need. A newer schema does (migrations expand first).
 */
export function ensureSchemaServes(connection: {
  execute(statement: Statement): StatementResult
}): void {
  const status = driveStatements(readSchemaStatus(dialectSqlite), (s) => connection.execute(s))
  if (status.pending.length > 0) {
    throw new Error(`The database lacks ${status.pending.join(', ')}.`)
  }
}
