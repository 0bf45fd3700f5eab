import { unavailable } from '../../lib/fault.ts'
import { reasonOf } from '../failureReason.ts'
import { SERVER_DEFAULTS, serverDriverOf, serverRefusal } from '../server/openServer.ts'
import type { ServerConnection, ServerDriver } from '../server/serverConnection.ts'
import type { ServerLocation } from '../server/serverLocation.ts'
import type { Statement, StatementResult } from '../statement.ts'
import { doesNotFit, type TableConnection } from './tableConnection.ts'

/** Somebody waits for it and can end it: counting ten million rows, or a slow disk at the other end, is no failure. */
const LIMITS = { statementSeconds: 3_600, lockWaitSeconds: 60 }

/** A connection of its own to the server. @throws StartupRefusal */
export async function openServerTables(location: ServerLocation): Promise<TableConnection> {
  const driver = serverDriverOf(location, SERVER_DEFAULTS, LIMITS)
  try {
    return new ServerTableConnection(driver, await driver.connect(() => undefined))
  } catch (error) {
    throw serverRefusal(driver, error)
  }
}

class ServerTableConnection implements TableConnection {
  readonly #driver: ServerDriver
  readonly #connection: ServerConnection

  constructor(driver: ServerDriver, connection: ServerConnection) {
    this.#driver = driver
    this.#connection = connection
  }

  execute(statement: Statement): Promise<StatementResult> {
    return this.#orRefuse(this.#connection.execute(statement))
  }

  begin(kind: 'snapshot' | 'change'): Promise<void> {
    return this.#orRefuse(this.#connection.begin(kind))
  }

  commit(): Promise<void> {
    return this.#orRefuse(this.#connection.commit())
  }

  /** A server rolls back what its connection left open. */
  close(): Promise<void> {
    return this.#connection.close()
  }

  async #orRefuse<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (cause) {
      const kind = this.#driver.dialect.failureKind(cause)
      if (kind === 'bug') throw cause
      if (kind === 'constraint') throw doesNotFit(reasonOf(cause), cause)
      throw unavailable(
        `The database (${this.#driver.place}) cannot be read or written: ${reasonOf(cause)}`,
        cause,
      )
    }
  }
}
