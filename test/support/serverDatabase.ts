import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { parseDatabaseUrl } from '../../src/db/databaseLocation.ts'
import { upgradeSchema } from '../../src/db/schema.ts'
import { withServerConnection } from '../../src/db/server/openServer.ts'

export type ServerKind = 'mysql' | 'postgresql'

/** Servers of this machine; both can be elsewhere. `NAME` is where the database's name goes. */
const ADDRESSES: Readonly<Record<ServerKind, string>> = {
  mysql: process.env['GATEHOUSE_TEST_MYSQL'] ?? 'mysql+pymysql://root@127.0.0.1:3306/NAME',
  postgresql:
    process.env['GATEHOUSE_TEST_POSTGRESQL'] ?? 'postgresql://postgres@127.0.0.1:5432/NAME',
}
/** Where one is while there is none of one's own. */
const MAINTENANCE: Readonly<Record<ServerKind, string>> = {
  mysql: 'mysql',
  postgresql: 'postgres',
}

export type Rows = readonly Readonly<Record<string, unknown>>[]

export interface ServerDatabase {
  readonly name: string
  readonly url: string
  /** Common SQL on a connection of its own; blocks until it is answered. */
  execute(sql: string, ...params: readonly unknown[]): Rows
  /** Drops it. */
  drop(): Promise<void>
}

export function urlOf(kind: ServerKind, name: string): string {
  return ADDRESSES[kind].replace('NAME', name)
}

/** An empty database with the schema of today, that nobody else uses. */
export async function freshServerDatabase(kind: ServerKind): Promise<ServerDatabase> {
  if (kind === 'postgresql') return databaseMadeBy(kind, ` template ${await templateOf(kind)}`)
  const made = await databaseMadeBy(kind, '')
  await upgradeSchema(made.url)
  return made
}

/** The same without a schema. */
export function emptyServerDatabase(kind: ServerKind): Promise<ServerDatabase> {
  return databaseMadeBy(kind, '')
}

async function databaseMadeBy(kind: ServerKind, how: string): Promise<ServerDatabase> {
  const name = newName()
  await maintain(kind, `create database ${name}${how}`)
  let beside: BlockingConnection | undefined
  return {
    name,
    url: urlOf(kind, name),
    execute: (sql, ...params) => {
      // Few tests need it, and a server has so many connections and no more.
      beside ??= new BlockingConnection(urlOf(kind, name))
      return beside.execute(sql, ...params)
    },
    drop: async () => {
      await beside?.close()
      await maintain(kind, `drop database ${name}${kind === 'postgresql' ? ' with (force)' : ''}`)
    },
  }
}

/** One statement from outside of all databases of ours. */
export async function maintain(kind: ServerKind, sql: string): Promise<Rows> {
  const location = parseDatabaseUrl(urlOf(kind, MAINTENANCE[kind]))
  assert.ok(location.kind !== 'sqlite')
  const { rows } = await withServerConnection(location, (connection) =>
    connection.execute({ sql, params: [] }),
  )
  return rows
}

function newName(): string {
  return `gatehouse_test_${randomBytes(6).toString('hex')}`
}

let template: Promise<string> | undefined

/** Migrated once for this process, and copied. */
function templateOf(kind: ServerKind): Promise<string> {
  template ??= makeTemplate(kind)
  return template
}

async function makeTemplate(kind: ServerKind): Promise<string> {
  const { name, url, drop } = await databaseMadeBy(kind, '')
  await upgradeSchema(url)
  // An `after` that is called within a `before` runs at once.
  process.once('beforeExit', drop)
  return name
}

/** Tests tamper between two lines of theirs, as they do with SQLite's own driver: without a wait. */
export class BlockingConnection {
  readonly #worker: Worker
  readonly #signal = new Int32Array(new SharedArrayBuffer(4))
  readonly #answers: MessageChannel['port1']

  constructor(url: string) {
    const { port1, port2 } = new MessageChannel()
    this.#answers = port1
    this.#worker = new Worker(new URL('./blockingConnectionThread.ts', import.meta.url), {
      workerData: { url, signal: this.#signal, answers: port2 },
      transferList: [port2],
    })
    this.#worker.unref()
    port1.unref()
  }

  execute(sql: string, ...params: readonly unknown[]): Rows {
    Atomics.store(this.#signal, 0, 0)
    this.#worker.postMessage({ sql, params })
    if (Atomics.wait(this.#signal, 0, 0, 60_000) === 'timed-out')
      throw new Error(`no answer: ${sql}`)
    const { rows, error } = receiveMessageOnPort(this.#answers)?.message as {
      readonly rows?: Rows
      readonly error?: Error
    }
    if (rows === undefined) throw error ?? new Error(`neither rows nor error: ${sql}`)
    return rows
  }

  async close(): Promise<void> {
    await this.#worker.terminate()
  }
}
