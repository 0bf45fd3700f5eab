import type { Knex } from 'knex'
import { addColumn, createTable, longText } from './tables.ts'

/* Widths and conventions are those of 0001. Work in the background, and who could open what (ADR 0046, 0047). */
const ID = 36
const TIME = 26
const NAME = 255

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, 'jobs', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('kind', 32).notNullable()
    // running, paused, cancelled, done, failed
    table.string('state', 16).notNullable()
    // What it is about, and where it is, as JSON of ours.
    longText(knex, table, 'scope').notNullable()
    longText(knex, table, 'place').notNullable()
    // Grows with each step: of two that work on one job, the database lets one go on.
    table.bigInteger('revision').notNullable()
    table.bigInteger('total').notNullable()
    table.bigInteger('done').notNullable()
    table.bigInteger('verified').notNullable()
    table.bigInteger('failed').notNullable()
    table.bigInteger('keys_destroyed').notNullable()
    // Records a second; null: as fast as the server bears.
    table.integer('rate')
    longText(knex, table, 'trouble')
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    table.index(['state', 'created_at'], 'jobs_by_state')
  })
  await createTable(knex, 'job_failures', (table) => {
    table.string('job_id', ID).notNullable().references('id').inTable('jobs')
    table.string('kind', 16).notNullable()
    table.string('record_id', 64).notNullable()
    longText(knex, table, 'what').notNullable()
    table.primary(['job_id', 'kind', 'record_id'])
  })
  await createTable(knex, 'nodes', (table) => {
    table.string('id', 64).notNullable().primary()
    // For people: host and process.
    table.string('name', NAME).notNullable()
    table.string('release_name', 64).notNullable()
    table.bigInteger('beat').notNullable()
    // The KEKs it holds, as JSON of ours.
    longText(knex, table, 'keks').notNullable()
  })
  await addColumn(knex, 'kek_canaries', 'retired_at', (table) => {
    table.string('retired_at', TIME)
  })
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
