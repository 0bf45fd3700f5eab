import { parseDatabaseUrl } from '../databaseLocation.ts'
import { codeOf } from '../dialect.ts'
import { reasonOf } from '../failureReason.ts'
import { SERVER_DEFAULTS, serverDriverOf, serverRefusal } from './openServer.ts'

/** Wrong user, password or database: waiting does not mend it. */
const WRONG = /^(28...|3D000|ER_(ACCESS_DENIED|DBACCESS_DENIED|BAD_DB)\w*)$/

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
    const isWrong = error instanceof Error && WRONG.test(codeOf(error))
    if (isWrong || driver.dialect.failureKind(error) !== 'away') throw serverRefusal(driver, error)
    return `${driver.place}: ${reasonOf(error)}`
  }
}
