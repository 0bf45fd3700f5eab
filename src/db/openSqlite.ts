import { statSync } from 'node:fs'
import type { Clock } from '../lib/clock.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { DatabaseGauge, DatabaseOptions } from './database.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import type { SqliteLocation } from './databaseLocation.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import { SnapshotLists } from './lists.ts'
import type { RepositoryParts } from './secretRepository.ts'
import { SizedLists } from './sizedLists.ts'
import { SqliteReader } from './sqliteReader.ts'
import { orRefuse } from './sqliteSchema.ts'
import { SqliteWriter } from './sqliteWriter.ts'
import { ThreadedLists } from './threadedLists.ts'

export interface OpenedSqlite {
  readonly parts: RepositoryParts
  readonly gauges: readonly DatabaseGauge[]
  close(): Promise<void>
}

/** A reader in this thread, a writer and long lists in threads of their own. */
export async function openSqlite(
  { path }: SqliteLocation,
  { startThread, ...thread }: NonNullable<DatabaseOptions['writer']>,
  { clock, onEvent }: { readonly clock: Clock; readonly onEvent: OnDatabaseEvent },
): Promise<OpenedSqlite> {
  // Loads while the writer starts.
  const knexModule = import('knex')
  const monotonicMs = () => clock.monotonicMs()
  const writer = new SqliteWriter({
    thread: { path, ...thread },
    monotonicMs,
    onEvent,
    ...(startThread === undefined ? {} : { startThread }),
  })
  const reader = new SqliteReader({ path, monotonicMs, onEvent })
  try {
    const [failure] = await Promise.all([writer.start(), knexModule])
    if (failure !== undefined) {
      throw new StartupRefusal(`The database ${path} cannot be written: ${failure}`)
    }
    orRefuse(path, () => reader.ensureOpen())
  } catch (error) {
    reader.close()
    await writer.close()
    throw error
  }

  const { default: knex } = await knexModule
  const dialect = dialectSqlite
  const builder = knex({ client: dialect.knexClient, useNullAsDefault: true })
  const here = new SnapshotLists({ reads: reader, dialect, builder })
  const aside = new ThreadedLists({ path })
  const lists = new SizedLists({ reads: reader, here, aside })
  return {
    parts: { reads: reader, commands: writer, lists, dialect, onEvent },
    gauges: [
      {
        name: 'gatehouse_database_bytes',
        explanation: 'Size of the SQLite database.',
        read: () => bytesOf(path),
      },
      {
        name: 'gatehouse_database_log_bytes',
        explanation: 'Size of its write-ahead log.',
        read: () => bytesOf(`${path}-wal`),
      },
    ],
    close: async () => {
      // The last to close is the writer: it can put the log away, a reader cannot.
      reader.close()
      await aside.close()
      await writer.close()
    },
  }
}

function bytesOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0
}
