import type { Knex } from 'knex'
import { addColumn, createTable } from './tables.ts'

/* What nodes that share a database exclude each other by: rows that both of two would have to change. */

export async function up(knex: Knex): Promise<void> {
  // On a server the upgrade itself needs it, and has made it.
  if (!(await knex.schema.hasTable('leases'))) {
    await createTable(knex, 'leases', (table) => {
      table.string('name', 64).notNullable().primary()
      table.string('owner', 64)
      table.bigInteger('beat').notNullable()
    })
  }
  await addColumn(knex, 'quota_locks', 'taken', (table) => {
    table.bigInteger('taken').notNullable().defaultTo(0)
  })
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
