import { parseDatabaseUrl } from '../databaseLocation.ts'
import { codeOf } from '../dialect.ts'
import { reasonOf } from '../failureReason.ts'
import { SERVER_DEFAULTS, serverDriverOf, serverRefusal } from './openServer.ts'

/** Wrong user, password or database, a certificate that does not serve: waiting does not mend it. */
const NO_TLS = /^The server does not support SSL connections/
const WRONG =
  /^(28...|3D000|ER_(ACCESS_DENIED|DBACCESS_DENIED|BAD_DB|SECURE_TRANSPORT)\w*|HANDSHAKE_\w+|ERR_(TLS|SSL)_\w+|[A-Z_]*CERT[A-Z_]*|UNABLE_TO_\w+)$/

/**
 * Why the server cannot be reached at this moment; undefined when it can, and for SQLite.
 * @throws StartupRefusal for what another attempt would meet again
 */
export async function reachServer(url: string): Promise<string | undefined> {
  const location = parseDatabaseUrl(url)
  if (location.kind === 'sqlite') return undefined
  const driver = serverDriverOf(location, SERVER_DEFAULTS)
  try {
    const connection = await driver.connect(() => undefined)
    await connection.close()
    return undefined
  } catch (error) {
    const isWrong =
      error instanceof Error && (WRONG.test(codeOf(error)) || NO_TLS.test(error.message))
    if (isWrong || driver.dialect.failureKind(error) !== 'away') throw serverRefusal(driver, error)
    return `${driver.place}: ${reasonOf(error)}`
  }
}
