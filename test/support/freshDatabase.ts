import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { type Database, type DatabaseOptions, openDatabase } from '../../src/db/database.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { systemClock } from '../../src/lib/clock.ts'
import { DATABASE_UNDER_TEST } from './databaseUnderTest.ts'
import { freshServerDatabase, type Rows, type ServerKind } from './serverDatabase.ts'

export interface FreshDatabase {
  readonly database: Database
  readonly url: string
  /** Of SQLite's file; '' on a server. */
  readonly path: string
  /** Common SQL on a connection of its own: how a test tampers with rows, and looks at them. */
  execute(sql: string, ...params: readonly unknown[]): Rows
  /** Closes it and deletes it. Called by the test's own clean-up. */
  close(): Promise<void>
}

interface CleansUp {
  after(work: () => Promise<void>): unknown
}

/**
 * An empty database of its own. `t` is the test that is done with it at its end; for a whole
 * suite hand in something that collects, since `after` inside a `before` runs at once.
 */
export async function freshDatabase(
  t: CleansUp,
  options: Partial<DatabaseOptions> = {},
  on = DATABASE_UNDER_TEST,
): Promise<FreshDatabase> {
  const fresh = on === 'sqlite' ? await freshFile(options) : await freshOnServer(on, options)
  t.after(() => fresh.close())
  return fresh
}

async function freshOnServer(
  kind: ServerKind,
  options: Partial<DatabaseOptions>,
): Promise<FreshDatabase> {
  const { url, execute, drop } = await freshServerDatabase(kind)
  const database = await openDatabase({
    url,
    clock: systemClock(),
    // Many tests share one server.
    server: { maxPoolSize: 3, maxOverflow: 0 },
    ...options,
  })
  const close = async (): Promise<void> => {
    await database.close()
    await drop()
  }
  return { database, url, path: '', execute, close }
}

async function freshFile(options: Partial<DatabaseOptions>): Promise<FreshDatabase> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-db-'))
  const path = join(folder, 'gatehouse.db')
  const url = `sqlite:///${path}`
  await copyFile(await emptyDatabase(), path)
  const database = await openDatabase({ url, clock: systemClock(), ...options })
  const beside = new Sqlite(path, { timeout: 2_000 })
  return {
    database,
    url,
    path,
    execute: (sql, ...params) => {
      const statement = beside.prepare<unknown[], Readonly<Record<string, unknown>>>(sql)
      if (statement.reader) return statement.all(...params)
      statement.run(...params)
      return []
    },
    close: async () => {
      beside.close()
      await database.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

let template: Promise<string> | undefined

/** Migrated once and copied for each test: that is most of what opening costs. */
function emptyDatabase(): Promise<string> {
  template ??= makeTemplate()
  return template
}

async function makeTemplate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-template-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const path = join(folder, 'empty.db')
  await upgradeSchema(`sqlite:///${path}`)
  return path
}
