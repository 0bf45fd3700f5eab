import type { Knex } from 'knex'
import { createTable } from './tables.ts'

/* Widths and conventions are those of 0001. A project has a row from its first key, or its deletion, on. */
const ID = 36
const TIME = 26
const NAME = 255

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, 'projects', (table) => {
    table.string('project_id', NAME).notNullable().primary()
    // live, missing, doomed, shredding, shredded (ADR 0023)
    table.string('state', 16).notNullable()
    // Grows with each first key: whoever makes one and whoever destroys them all change this row, so
    // that the two exclude each other on whatever node they are.
    table.integer('first_keys').notNullable()
    // Who says that it is deleted: notification, poll, operator.
    table.string('source', 16)
    table.string('missing_since', TIME)
    table.string('noted_at', TIME)
    table.string('not_before', TIME)
    table.string('finished_at', TIME)
    table.string('lease_until', TIME)
    table.string('lease_owner', ID)
    table.index(['state', 'not_before'], 'projects_by_state')
  })
  await createTable(knex, 'keystone_polls', (table) => {
    // Always 1: whoever asks Keystone holds this row.
    table.smallint('singleton').notNullable().primary()
    table.string('finished_at', TIME)
    table.string('lease_until', TIME)
    table.string('lease_owner', ID)
  })
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
