import { after } from 'node:test'
import { serverDriverContract } from '../contract/serverDriverContract.ts'
import { endAllOfOurs } from '../support/ofOurs.ts'
import { ownMariadb } from '../support/ownMariadb.ts'
import { ownPostgres } from '../support/ownPostgres.ts'
import type { OwnServer } from '../support/ownServer.ts'
import { driverFor } from '../support/serverConnections.ts'

const cleanUps: (() => Promise<void>)[] = []
after(async () => {
  for (const cleanUp of cleanUps) await cleanUp()
})
const t = { after: (work: () => Promise<void>) => cleanUps.unshift(work) }

function underTest(server: OwnServer) {
  return {
    driver: driverFor(server.url),
    hang: () => server.pause(),
    goOn: () => server.resume(),
    endConnections: () => endAllOfOurs(server),
    refuse: () => server.stop(),
    serveAgain: () => server.start(),
  }
}

serverDriverContract('mysql2 on MariaDB', async () => underTest(await ownMariadb(t)))
serverDriverContract('pg on PostgreSQL', async () => underTest(await ownPostgres(t)))
