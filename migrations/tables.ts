import type { Knex } from 'knex'

/*
 * What the three databases want said differently when a table is made. Text is compared byte by byte
 * everywhere: what folds is a column of its own. MariaDB commits every DDL statement by itself, so an
 * upgrade that was interrupted there has left tables behind, empty ones: nothing serves a schema that is not whole.
 */

/** Makes a table, or makes it anew where an interrupted upgrade left an empty one. */
export async function createTable(
  knex: Knex,
  name: string,
  build: (table: Knex.CreateTableBuilder) => void,
): Promise<void> {
  const isMysql = isMysqlOrMariadb(knex)
  if (isMysql) await dropLeftover(knex, name)
  const collation = isMysql ? await mysqlCollation(knex) : undefined
  await knex.schema.createTable(name, (table) => {
    if (collation !== undefined) {
      table.engine('InnoDB')
      table.charset('utf8mb4')
      table.collate(collation)
    }
    build(table)
  })
  if (isPostgres(knex)) await compareBytes(knex, name)
}

/** An index on a table that may hold rows. */
export async function addIndex(
  knex: Knex,
  name: string,
  columns: readonly string[],
  index: string,
): Promise<void> {
  if (isMysqlOrMariadb(knex) && (await hasIndex(knex, name, index))) return
  await knex.schema.alterTable(name, (table) => {
    table.index([...columns], index)
  })
}

/** An index as it was, without the rows whose `wanted` is null. MariaDB has no such indexes, and keeps the whole one. */
export async function narrowIndex(
  knex: Knex,
  name: string,
  columns: readonly string[],
  index: string,
  wanted: string,
): Promise<void> {
  if (isMysqlOrMariadb(knex)) return
  await knex.schema.alterTable(name, (table) => {
    table.dropIndex([...columns], index)
    table.index([...columns], index, { predicate: knex.whereNotNull(wanted) })
  })
}

/** A column on a table that may hold rows. */
export async function addColumn(
  knex: Knex,
  name: string,
  column: string,
  build: (table: Knex.AlterTableBuilder) => void,
): Promise<void> {
  if (isMysqlOrMariadb(knex) && (await knex.schema.hasColumn(name, column))) return
  await knex.schema.alterTable(name, build)
  if (isPostgres(knex)) await compareBytes(knex, name)
}

/** Sealed bytes of any length; a BLOB of MariaDB ends at 64 KiB. */
export function sealedBytes(
  knex: Knex,
  table: Knex.CreateTableBuilder,
  column: string,
): Knex.ColumnBuilder {
  return isMysqlOrMariadb(knex) ? table.specificType(column, 'longblob') : table.binary(column)
}

/** Text of any length, as `sealedBytes`. */
export function longText(
  knex: Knex,
  table: Knex.CreateTableBuilder,
  column: string,
): Knex.ColumnBuilder {
  return isMysqlOrMariadb(knex) ? table.text(column, 'longtext') : table.text(column)
}

function isMysqlOrMariadb(knex: Knex): boolean {
  return knex.client.config.client === 'mysql2'
}

function isPostgres(knex: Knex): boolean {
  return knex.client.config.client === 'pg'
}

/** The one that ignores nothing: case, accents, and spaces at the end all count. */
async function mysqlCollation(knex: Knex): Promise<string> {
  const [[row]] = (await knex.raw('select version() as version')) as [[{ version: string }]]
  return /mariadb/i.test(row.version) ? 'utf8mb4_nopad_bin' : 'utf8mb4_0900_bin'
}

async function dropLeftover(knex: Knex, name: string): Promise<void> {
  if (!(await knex.schema.hasTable(name))) return
  const row: unknown = await knex(name).first()
  if (row !== undefined) {
    throw new Error(
      `the table ${name} is there and holds rows, though its migration was never finished`,
    )
  }
  await knex.raw('set foreign_key_checks = 0')
  await knex.schema.dropTable(name)
  await knex.raw('set foreign_key_checks = 1')
}

async function hasIndex(knex: Knex, name: string, index: string): Promise<boolean> {
  const found: unknown = await knex('information_schema.statistics')
    .whereRaw('table_schema = database()')
    .where({ table_name: name, index_name: index })
    .first()
  return found !== undefined
}

/** All text of the table; the database's own locale would sort and, with some of them, compare otherwise. */
async function compareBytes(knex: Knex, name: string): Promise<void> {
  const columns: readonly { column_name: string; data_type: string; width: number | null }[] =
    await knex('information_schema.columns')
      .select('column_name', 'data_type', 'character_maximum_length as width')
      .whereRaw('table_schema = current_schema()')
      .where('table_name', name)
      .whereIn('data_type', ['character varying', 'text'])
      .whereNull('collation_name')
  for (const { column_name: column, width } of columns) {
    const type = width === null ? 'text' : `varchar(${width})`
    await knex.raw(`alter table ?? alter column ?? type ${type} collate "C"`, [name, column])
  }
}
