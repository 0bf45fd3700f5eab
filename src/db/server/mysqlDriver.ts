import { connect, isIP, type Socket } from 'node:net'
import type { ConnectionOptions } from 'mysql2'
import { dialectMysql } from '../dialectMysql.ts'
import { MysqlConnection, type MysqlSession } from './mysqlConnection.ts'
import { openedWithin } from './openedWithin.ts'
import { HELD_STATEMENTS, type ServerConnection, type ServerDriver } from './serverConnection.ts'
import { placeOf, type ServerLocation } from './serverLocation.ts'
import { tlsOptionsOf } from './serverTls.ts'

/** What knex's migrations and our own connections hand to the driver alike. */
export async function mysqlOptionsOf(location: ServerLocation): Promise<ConnectionOptions> {
  const { socketPath, host, port, user, password, database, tls } = location
  return {
    ...(socketPath === undefined ? { host, port } : { socketPath }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { password }),
    database,
    connectTimeout: location.connectTimeoutMs,
    charset: 'utf8mb4',
    jsonStrings: true,
    maxPreparedStatements: HELD_STATEMENTS,
    // A server must not be able to ask for our files.
    flags: ['-LOCAL_FILES'],
    ...(tls?.isNameChecked === true && isIP(host) !== 0
      ? { stream: () => socketTo(host, port) }
      : {}),
    ...(tls === undefined
      ? {}
      : { ssl: { ...(await tlsOptionsOf(tls)), verifyIdentity: tls.isNameChecked } }),
  } as ConnectionOptions
}

/**
 * mysql2 keeps an address from TLS, because it must not be sent as a server name; TLS then takes the name that the
 * socket was dialled by, else `localhost`. An address was no name to look up, so the socket is told (ADR 0034).
 */
function socketTo(address: string, port: number): Socket {
  const socket = connect({ host: address, port, noDelay: true, keepAlive: true })
  return Object.assign(socket, { _host: address })
}

export class MysqlDriver implements ServerDriver {
  readonly dialect = dialectMysql
  readonly place: string
  readonly #location: ServerLocation
  readonly #session: MysqlSession

  constructor(location: ServerLocation, session: MysqlSession) {
    this.#location = location
    this.#session = session
    this.place = placeOf(location)
  }

  async connect(onEnd: (reason: string) => void): Promise<ServerConnection> {
    // Loaded by whoever needs it: a node on SQLite does without.
    const { default: mysql } = await import('mysql2')
    const connection = mysql.createConnection(await mysqlOptionsOf(this.#location))
    // Without a listener an error between two statements would end the process.
    connection.on('error', (error: Error) => onEnd(error.message))
    connection.on('end', () => onEnd('the server closed the connection'))
    const opened = new MysqlConnection(connection, mysql.TypedParameter.BIGINT)
    return openedWithin(this.#location.connectTimeoutMs, opened, async () => {
      await new Promise<void>((resolve, reject) => {
        connection.connect((error) => (error ? reject(error) : resolve()))
      })
      await opened.prepare(this.#session)
    })
  }
}
