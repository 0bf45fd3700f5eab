import type { Knex } from 'knex'
import { addIndex, createTable, longText, sealedBytes } from './tables.ts'

/*
 * Widths and conventions are those of 0001. A consumer that is removed is removed: no corpse stays to
 * hold a unique key or to count in a quota.
 */
const ID = 36
const TIME = 26
const NAME = 255

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, 'containers', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('project_id', NAME).notNullable()
    table.string('container_type', 16).notNullable()
    table.string('name', NAME)
    table.string('name_folded', NAME)
    table.string('creator_id', NAME)
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    table.smallint('acl_project_access')
    table.string('acl_created_at', TIME)
    table.string('acl_updated_at', TIME)
    table.binary('row_mac', 40)
    table.index(['project_id', 'created_at', 'id'], 'containers_in_list_order')
  })
  await createTable(knex, 'container_secrets', (table) => {
    table.string('container_id', ID).notNullable().references('id').inTable('containers')
    table.integer('position').notNullable()
    table.string('name', NAME)
    // No foreign key: a deleted secret leaves its member behind, unseen, until the members change.
    table.string('secret_id', ID).notNullable()
    table.primary(['container_id', 'position'])
  })
  await createTable(knex, 'container_acl_users', (table) => {
    table.string('container_id', ID).notNullable().references('id').inTable('containers')
    table.string('user_id', NAME).notNullable()
    table.primary(['container_id', 'user_id'])
  })
  await createTable(knex, 'container_consumers', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('container_id', ID).notNullable().references('id').inTable('containers')
    table.string('name', 36).notNullable()
    table.string('url', NAME).notNullable()
    // Who registered it: a quota counts by this project, not by the container's.
    table.string('project_id', NAME).notNullable()
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    table.unique(['container_id', 'name', 'url'], { indexName: 'container_consumers_once' })
    table.index(['project_id'], 'container_consumers_by_project')
  })
  await createTable(knex, 'secret_consumers', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('secret_id', ID).notNullable().references('id').inTable('secrets')
    table.string('service', NAME).notNullable()
    table.string('resource_type', NAME).notNullable()
    table.string('resource_id', NAME).notNullable()
    table.string('project_id', NAME).notNullable()
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    // 36 + 3 * 255 characters of four bytes would be 3,204 bytes, and MariaDB indexes 3,072: the digest
    // (SHA-256 of the three fields, each with its length) stands for them.
    table.binary('digest', 32).notNullable()
    table.unique(['secret_id', 'digest'], { indexName: 'secret_consumers_once' })
    table.index(['secret_id', 'created_at', 'id'], 'secret_consumers_in_list_order')
    table.index(['project_id'], 'secret_consumers_by_project')
  })
  await createTable(knex, 'project_quotas', (table) => {
    table.string('project_id', NAME).notNullable().primary()
    // null: not set, the configured default counts; negative: no limit.
    table.integer('secrets')
    table.integer('orders')
    table.integer('containers')
    table.integer('consumers')
    table.integer('cas')
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
  })
  await createTable(knex, 'quota_locks', (table) => {
    // Held by whoever counts against a limit of this project, until what was counted is committed. A
    // table of its own: a limit from the configuration has no row elsewhere that could be locked.
    table.string('project_id', NAME).notNullable().primary()
  })
  await createTable(knex, 'secret_stores', (table) => {
    table.string('id', ID).notNullable().primary()
    // The suffix of its section, [secretstore:NAME]: what the configuration calls it.
    table.string('suffix', NAME).notNullable().unique()
    // As of the last start: when it changes, `updated_at` does.
    table.smallint('global_default').notNullable()
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
  })
  await createTable(knex, 'preferred_secret_stores', (table) => {
    table.string('project_id', NAME).notNullable().primary()
    table.string('secret_store_id', ID).notNullable().references('id').inTable('secret_stores')
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
  })
  await createTable(knex, 'transport_keys', (table) => {
    table.string('id', ID).notNullable().primary()
    table.string('plugin_name', NAME).notNullable()
    longText(knex, table, 'transport_key').notNullable()
    table.string('created_at', TIME).notNullable()
    table.string('updated_at', TIME).notNullable()
    table.index(['created_at', 'id'], 'transport_keys_in_list_order')
  })
  await createTable(knex, 'order_tasks', (table) => {
    table.string('order_id', ID).notNullable().references('id').inTable('orders').primary()
    table.string('created_at', TIME).notNullable()
    // Whoever works on it holds it until then; null: nobody does.
    table.string('lease_until', TIME)
    table.string('lease_owner', ID)
    table.integer('attempts').notNullable()
    // What the task must know and the order must not show (a passphrase), in the stored form of an envelope.
    sealedBytes(knex, table, 'sealed_input')
    table.index(['created_at', 'order_id'], 'order_tasks_in_order')
  })
  // For the purge of what expired. With the id, for many secrets may expire at one moment.
  await addIndex(knex, 'secrets', ['expires_at', 'id'], 'secrets_by_expiration')
  await addIndex(knex, 'tombstones', ['deleted_at'], 'tombstones_by_age')
}

/** Nothing goes back, as in 0001. */
export async function down(): Promise<void> {
  throw new Error('Gatehouse migrations go forward only; restore the backup instead.')
}
