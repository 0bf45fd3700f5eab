import type { Knex } from 'knex'
import { MIGRATIONS_TABLE } from './knownSchema.ts'
import { MIGRATIONS, type NamedMigration } from './migrationList.ts'

export interface MigrationTarget {
  readonly client: NonNullable<Knex.Config['client']>
  readonly connection: NonNullable<Knex.Config['connection']>
  /** The caller excludes others; a lock that is still held was left by somebody who died. */
  readonly isExclusive: boolean
  /** Name of the last one to run; undefined: all of them. */
  readonly until: string | undefined
}

/** All pending migrations; where DDL can be rolled back, in one transaction. Answers their names. */
export async function runMigrations(target: MigrationTarget): Promise<readonly string[]> {
  // 150 ms to load; a start that has nothing to upgrade does not wait for it.
  const { default: knex } = await import('knex')
  const db = knex({
    client: target.client,
    connection: target.connection,
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
    log: silent,
    migrations: { tableName: MIGRATIONS_TABLE, migrationSource: migrationSource(target.until) },
  })
  try {
    if (target.isExclusive) await db.migrate.forceFreeMigrationsLock()
    const [, names] = (await db.migrate.latest()) as [number, readonly string[]]
    return names
  } finally {
    await db.destroy()
  }
}

function migrationSource(until: string | undefined) {
  const last = MIGRATIONS.findIndex(({ name }) => name === until)
  const wanted = last < 0 ? MIGRATIONS : MIGRATIONS.slice(0, last + 1)
  return {
    getMigrations: async () => [...wanted],
    getMigrationName: (migration: NamedMigration) => migration.name,
    getMigration: async (migration: NamedMigration) => migration,
  }
}

/** knex would write to the console; what fails is thrown and told there. */
const silent = { warn() {}, error() {}, deprecate() {}, debug() {} }
