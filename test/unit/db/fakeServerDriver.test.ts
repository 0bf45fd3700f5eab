import { serverDriverContract } from '../../contract/serverDriverContract.ts'
import { FakeServerDriver } from '../../support/fakeServerDriver.ts'

serverDriverContract('fake', async () => {
  const driver = new FakeServerDriver()
  return {
    driver,
    hang: () => {
      driver.behaviour = 'hangs'
    },
    goOn: () => driver.answerAgain(),
    endConnections: async () => {
      for (const connection of driver.open) connection.end()
    },
    refuse: async () => {
      driver.behaviour = 'refuses'
    },
    serveAgain: async () => driver.answerAgain(),
  }
})
