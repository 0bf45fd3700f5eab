import type { Client, ClientConfig } from 'pg'
import { dialectPostgres } from '../dialectPostgres.ts'
import { openedWithin } from './openedWithin.ts'
import { PostgresConnection } from './postgresConnection.ts'
import type { ServerConnection, ServerDriver, SessionLimits } from './serverConnection.ts'
import { placeOf, type ServerLocation } from './serverLocation.ts'
import { tlsOptionsOf } from './serverTls.ts'

/** What knex's migrations and our own connections hand to the driver alike. */
export async function postgresOptionsOf(location: ServerLocation): Promise<ClientConfig> {
  const { socketPath, host, port, user, password, database, tls } = location
  return {
    host: socketPath ?? host,
    port,
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    database,
    connectionTimeoutMillis: location.connectTimeoutMs,
    keepAlive: true,
    application_name: 'gatehouse',
    ...(tls === undefined
      ? { ssl: false }
      : {
          ssl: {
            ...(await tlsOptionsOf(tls)),
            ...(tls.isNameChecked ? {} : { checkServerIdentity: () => undefined }),
          },
        }),
  }
}

const INT8 = 20

export class PostgresDriver implements ServerDriver {
  readonly dialect = dialectPostgres
  readonly place: string
  readonly #location: ServerLocation
  readonly #limits: SessionLimits

  constructor(location: ServerLocation, limits: SessionLimits) {
    this.#location = location
    this.#limits = limits
    this.place = placeOf(location)
  }

  async connect(onEnd: (reason: string) => void): Promise<ServerConnection> {
    // Loaded by whoever needs it: a node on SQLite does without.
    const { default: pg } = await import('pg')
    const types = {
      // Counts and counters stay far below 2^53.
      getTypeParser: (oid: number, format?: 'text' | 'binary') =>
        oid === INT8 ? Number : pg.types.getTypeParser(oid, format as 'text'),
    } as NonNullable<ClientConfig['types']>
    const client: Client = new pg.Client({ ...(await postgresOptionsOf(this.#location)), types })
    // Without a listener an error between two statements would end the process.
    client.on('error', (error) => onEnd(error.message))
    client.on('end', () => onEnd('the server closed the connection'))
    const opened = new PostgresConnection(client)
    return openedWithin(this.#location.connectTimeoutMs, opened, async () => {
      await client.connect()
      await opened.prepare(this.#limits)
    })
  }
}
