import type { Knex } from 'knex'
import { createTable, sealedBytes } from './tables.ts'

/* What became unreadable when a project ended (ADR 0056). Widths and conventions are those of 0001. */
const TIME = 26
const NAME = 255
const DIGEST_BYTES = 32

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, 'shred_reports', (table) => {
    table.string('project_id', NAME).notNullable()
    // When its keys were destroyed.
    table.string('started_at', TIME).notNullable()
    table.primary(['project_id', 'started_at'])
    table.string('source', 16)
    table.string('noted_at', TIME)
    // null while its rows are going.
    table.string('finished_at', TIME)
    // A JSON array of the destroyed keys: as many as there were terms, in every store.
    sealedBytes(knex, table, 'destroyed_keys').notNullable()
    table.integer('secrets').notNullable()
    table.integer('containers').notNullable()
    table.integer('orders').notNullable()
    table.integer('consumers').notNullable()
    table.binary('secret_ids_digest', DIGEST_BYTES).notNullable()
    // A JWS, once it is signed.
    sealedBytes(knex, table, 'report')
    table.index(['finished_at'], 'shred_reports_by_end')
  })
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
