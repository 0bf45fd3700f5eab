import type { BackupPart, BackupTarget } from '../../domain/ports/backup.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { schemaStatus, upgradeSchema } from '../schema.ts'
import { type BackupTable, backupTables } from './backupTables.ts'
import { openTables } from './openTables.ts'
import type { TableConnection } from './tableConnection.ts'
import { countRows, readTables } from './tableReader.ts'
import { TableWriter } from './tableWriter.ts'

/**
 * The database takes the schema of the backup; that of this release follows the rows.
 * @throws StartupRefusal for a schema we do not know, and a database that holds anything
 */
export async function openBackupTarget(url: string, schema: string): Promise<BackupTarget> {
  const before = await schemaStatus(url)
  const tables = backupTables(schema)
  if (tables === undefined) {
    throw new StartupRefusal(
      `The backup has the schema of a newer release (${schema}); this one knows ${before.latest}: restore it with the newer one.`,
    )
  }
  if (before.current === undefined) await upgradeSchema(url, schema)
  else if (before.current !== schema) {
    throw new StartupRefusal(
      `The backup has the schema ${schema}, the database ${before.current}: restore into one that has no tables yet, and it gets both.`,
    )
  }
  const connection = await openTables(url, 'write')
  try {
    await connection.begin('change')
    await refuseRows(connection, tables)
    return new SqlBackupTarget(url, connection, tables)
  } catch (error) {
    await connection.close()
    throw error
  }
}

class SqlBackupTarget implements BackupTarget {
  readonly #url: string
  readonly #connection: TableConnection
  readonly #tables: readonly BackupTable[]
  #waiting: readonly BackupTable[]
  #writer: TableWriter | undefined

  constructor(url: string, connection: TableConnection, tables: readonly BackupTable[]) {
    this.#url = url
    this.#connection = connection
    this.#tables = tables
    this.#waiting = tables
  }

  async add(part: BackupPart): Promise<void> {
    if (part.kind === 'table') {
      await this.#writer?.flush()
      this.#writer = this.#writerOf(part)
      return
    }
    for (const row of part.rows) await this.#writer?.add(row)
  }

  parts(): AsyncIterable<BackupPart> {
    return this.#readBack()
  }

  async commit(): Promise<void> {
    await this.#connection.commit()
    await upgradeSchema(this.#url)
  }

  async close(): Promise<void> {
    await this.#connection.close()
  }

  async *#readBack(): AsyncGenerator<BackupPart> {
    await this.#writer?.flush()
    this.#writer = undefined
    if (this.#waiting.length > 0) {
      const missing = this.#waiting.map(({ name }) => name).join(', ')
      throw new StartupRefusal(`The backup lacks tables of its schema: ${missing}.`)
    }
    yield* readTables(this.#connection, this.#tables)
  }

  /** Names come from our list, never from the file: they become SQL. */
  #writerOf({ name, columns }: Extract<BackupPart, { kind: 'table' }>): TableWriter {
    const [table, ...later] = this.#waiting
    const isExpected =
      table !== undefined &&
      table.name === name &&
      table.columns.length === columns.length &&
      table.columns.every((column, index) => column === columns[index])
    if (!isExpected) {
      throw new StartupRefusal(
        `The backup holds a table that its schema does not have there: ${JSON.stringify(name.slice(0, 64))}.`,
      )
    }
    this.#waiting = later
    return new TableWriter(this.#connection, table.name, table.columns)
  }
}

async function refuseRows(
  connection: TableConnection,
  tables: readonly BackupTable[],
): Promise<void> {
  for (const table of tables) {
    if ((await countRows(connection, [table])) === 0) continue
    throw new StartupRefusal(
      `The database is not empty (${table.name} has rows): a backup is restored into an empty one.`,
    )
  }
}
