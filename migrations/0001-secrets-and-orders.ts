import type { Knex } from 'knex'
import { createTable, longText, sealedBytes } from './tables.ts'

/*
 * Ids are text as clients see them, times the fixed-width text of lib/timestamp.ts, truth is 0 or 1.
 * The live tables hold only what lives: no flag to ask on the way of a read (ADR 0003).
 * The envelope stands last in its row: what does not need it never reads over it.
 */
const ID = 36
const TIME = 26
const NAME = 255

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, 'secrets', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('project_id', NAME).notNullable()
    table.string('name', NAME)
    table.string('name_folded', NAME)
    table.string('secret_type', 16).notNullable()
    table.string('algorithm', NAME)
    table.string('algorithm_folded', NAME)
    table.integer('bit_length')
    table.string('mode', NAME)
    table.string('mode_folded', NAME)
    table.string('expires_at', TIME)
    table.string('creator_id', NAME)
    table.string('content_type', 32)
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    // null: there is no ACL; the users then mean nothing.
    table.smallint('acl_project_access')
    table.string('acl_created_at', TIME)
    table.string('acl_updated_at', TIME)
    table.binary('row_mac', 40)
    sealedBytes(knex, table, 'envelope')
    // In the order of a list, and with all that its count asks for: neither touches the table.
    table.index(['project_id', 'created_at', 'id', 'expires_at'], 'secrets_in_list_order')
  })
  await createTable(knex, 'secret_acl_users', (table) => {
    table.string('secret_id', ID).notNullable().references('id').inTable('secrets')
    table.string('user_id', NAME).notNullable()
    table.primary(['secret_id', 'user_id'])
    table.index(['user_id', 'secret_id'], 'secret_acl_users_by_user')
  })
  await createTable(knex, 'secret_metadata', (table) => {
    table.string('secret_id', ID).notNullable().references('id').inTable('secrets')
    table.string('meta_key', NAME).notNullable()
    longText(knex, table, 'meta_value').notNullable()
    table.primary(['secret_id', 'meta_key'])
  })
  await createTable(knex, 'orders', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('project_id', NAME).notNullable()
    table.string('order_type', 16).notNullable()
    table.string('status', 16).notNullable()
    table.string('sub_status', 36)
    table.string('sub_status_message', NAME)
    table.string('error_status_code', 16)
    longText(knex, table, 'error_reason')
    table.string('creator_id', NAME)
    // No foreign keys: an order keeps naming what it made when that is deleted (contract 05).
    table.string('secret_id', ID)
    table.string('container_id', ID)
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    table.binary('row_mac', 40)
    longText(knex, table, 'meta').notNullable()
    table.index(['project_id', 'created_at', 'id'], 'orders_in_list_order')
  })
  await createTable(knex, 'project_keys', (table) => {
    table.binary('id', 8).notNullable().primary()
    table.string('project_id', NAME).notNullable()
    table.string('store', NAME).notNullable()
    table.integer('term').notNullable()
    table.string('state', 16).notNullable()
    table.string('kek_id', NAME).notNullable()
    sealedBytes(knex, table, 'wrapped').notNullable()
    table.binary('commitment', 32).notNullable()
    table.bigInteger('wraps_reserved').notNullable()
    table.string('created_at', TIME).notNullable()
    // The last word when two nodes make the first key of a project at once.
    table.unique(['project_id', 'store', 'term'], { indexName: 'project_keys_one_per_term' })
  })
  await createTable(knex, 'deployment', (table) => {
    // Always 1: there is one row or none.
    table.smallint('singleton').notNullable().primary()
    table.string('deployment_id', 32).notNullable()
    table.string('created_at', TIME).notNullable()
  })
  await createTable(knex, 'kek_canaries', (table) => {
    table.string('store', NAME).notNullable()
    table.string('kek_id', NAME).notNullable()
    sealedBytes(knex, table, 'wrapped').notNullable()
    table.string('fingerprint', NAME).notNullable()
    table.string('created_at', TIME).notNullable()
    table.primary(['store', 'kek_id'])
  })
  await createTable(knex, 'tombstones', (table) => {
    table.string('kind', 16).notNullable()
    table.string('id', ID).notNullable()
    table.string('project_id', NAME).notNullable()
    table.string('creator_id', NAME)
    table.string('created_at', TIME).notNullable()
    table.string('deleted_at', TIME).notNullable()
    table.primary(['kind', 'id'])
  })
}

/** Nothing goes back: migrations expand now and contract a release later. knex wants the function. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
