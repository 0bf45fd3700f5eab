import { openTables } from '../../src/db/backup/openTables.ts'
import type { TableConnection } from '../../src/db/backup/tableConnection.ts'
import { countRows } from '../../src/db/backup/tableReader.ts'
import { TableWriter } from '../../src/db/backup/tableWriter.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import type { SqlValue } from '../../src/db/statement.ts'
import { type BenchDatabase, benchDatabase } from '../databases/benchDatabase.ts'
import { DATABASES, type DatabaseKind } from '../databases/databaseKind.ts'
import { keyRowsOf, placesInOrder, type Scale, secretRowAt } from './scaledRows.ts'

/**
 * What a server finds out by itself within minutes of such a change (autovacuum; persistent statistics),
 * said at once: how many rows there are, and on PostgreSQL which pages an index may answer for.
 */
const SETTLE = {
  sqlite: [],
  mysql: ['analyze table secrets', 'analyze table project_keys'],
  postgresql: ['vacuum analyze secrets', 'vacuum analyze project_keys'],
} satisfies Record<DatabaseKind, readonly string[]>

/** A database filled to this scale, or the one that was kept. All of it is one transaction: there is no half. */
export async function scaledDatabase(
  kind: DatabaseKind,
  scale: Scale,
  tell: (line: string) => void,
): Promise<BenchDatabase> {
  const database = await benchDatabase(kind, `scale_${scale.rows}`)
  await upgradeSchema(database.url)
  const connection = await openTables(database.url, 'write')
  try {
    const found = await countRows(connection, [{ name: 'secrets' }])
    if (found === 2 * scale.rows) return database
    if (found > 0) throw new Error(`${database.url} holds ${found} secrets: drop it.`)
    const since = performance.now()
    await fillScaled(connection, kind, scale)
    const seconds = ((performance.now() - since) / 1000).toFixed(0)
    tell(`${DATABASES[kind]}: 2 x ${scale.rows} rows written in ${seconds} s`)
  } finally {
    await connection.close()
  }
  return database
}

export async function fillScaled(
  connection: TableConnection,
  kind: DatabaseKind,
  scale: Scale,
): Promise<void> {
  await connection.begin('change')
  await write(connection, 'project_keys', keyRowsOf(scale))
  const places = placesInOrder(scale)
  await write(
    connection,
    'secrets',
    (function* () {
      for (const place of places) yield secretRowAt(scale, place)
    })(),
  )
  await connection.commit()
  for (const sql of SETTLE[kind]) await connection.execute({ sql, params: [] })
}

async function write(
  connection: TableConnection,
  table: string,
  rows: Iterable<Readonly<Record<string, SqlValue>>>,
): Promise<void> {
  let writer: TableWriter | undefined
  for (const row of rows) {
    writer ??= new TableWriter(connection, table, Object.keys(row))
    await writer.add(Object.values(row))
  }
  await writer?.flush()
}
