import type { Knex } from 'knex'
import { createTable, longText } from './tables.ts'

/*
 * Widths and conventions are those of 0001. No foreign keys: the release before knows nothing of these tables, and
 * deletes secrets beside this one while an upgrade goes through a cloud; housekeeping removes what it leaves.
 */
const ID = 36
const TIME = 26
const NAME = 255

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, 'certificate_facts', (table) => {
    table.string('secret_id', ID).notNullable().primary()
    table.string('project_id', NAME).notNullable()
    // certificate, privateKey, unreadable
    table.string('kind', 16).notNullable()
    // The latest beginning and the earliest end of all certificates of the payload.
    table.string('not_before', TIME)
    table.string('not_after', TIME)
    // When the next warning is due; null: none is left.
    table.string('warn_at', TIME)
    // SHA-256 of the public key, as SubjectPublicKeyInfo.
    table.binary('public_key', 32)
    table.string('chain', 16)
    table.string('own_key', 16)
    longText(knex, table, 'links')
    table.index(['project_id', 'not_after', 'secret_id'], 'certificate_facts_by_project')
    table.index(['not_after', 'secret_id'], 'certificate_facts_by_end')
    table.index(['warn_at', 'secret_id'], 'certificate_facts_to_warn_of')
  })
  await createTable(knex, 'certificate_surveys', (table) => {
    // Always 1: how far whoever reads what was stored before has come.
    table.smallint('singleton').notNullable().primary()
    table.string('project_id', NAME).notNullable()
    table.string('created_at', TIME).notNullable()
    table.string('secret_id', ID).notNullable()
  })
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
