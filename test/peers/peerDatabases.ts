import { DATABASE_UNDER_TEST } from '../support/databaseUnderTest.ts'
import { emptyServerDatabase, type ServerDatabase } from '../support/serverDatabase.ts'
import type { Configuration } from './gatehouse.ts'

/** Databases for Gatehouses beside the peers: below their state folders, or on the server that the caller names. */
export class PeerDatabases {
  readonly #made: ServerDatabase[] = []

  /** The configuration with a database of its own, unless it names one. */
  async within(configuration: Configuration): Promise<Configuration> {
    if (DATABASE_UNDER_TEST === 'sqlite' || configuration['database'] !== undefined) {
      return configuration
    }
    const database = await emptyServerDatabase(DATABASE_UNDER_TEST)
    this.#made.push(database)
    return { ...configuration, database: { connection: database.url } }
  }

  async drop(): Promise<void> {
    for (const database of this.#made.splice(0)) await database.drop()
  }
}
