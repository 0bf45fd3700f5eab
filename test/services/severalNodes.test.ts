import { freshServerDatabase, type ServerKind } from '../support/serverDatabase.ts'
import { severalNodesSuite } from '../support/severalNodesSuite.ts'

const openShared = (kind: ServerKind) => async () => {
  const database = await freshServerDatabase(kind)
  return {
    urls: [database.url, database.url, database.url],
    execute: (sql: string) => database.execute(sql),
    close: () => database.drop(),
  }
}

severalNodesSuite('PostgreSQL', openShared('postgresql'))
severalNodesSuite('MariaDB', openShared('mysql'))
