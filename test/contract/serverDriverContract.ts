import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerDriver } from '../../src/db/server/serverConnection.ts'

/** A server whose moods the contract decides. */
export interface DriverUnderTest {
  readonly driver: ServerDriver
  /** Takes bytes, and says nothing. */
  hang(): void
  goOn(): void
  /** Ends all connections from its side. */
  endConnections(): Promise<void>
  refuse(): Promise<void>
  serveAgain(): Promise<void>
}

const SETTLES_WITHIN_MS = 2_000
const SELECT = { sql: 'select 1 as one', params: [] }
const nobody = () => undefined

/** What the pool counts on. */
export function serverDriverContract(name: string, open: () => Promise<DriverUnderTest>): void {
  const claim = (what: string) => `${name}: ${what}`
  let scene: DriverUnderTest | undefined
  const opened = async () => {
    scene ??= await open()
    return scene
  }
  const failsAsAway = async ({ driver }: DriverUnderTest, asked: Promise<unknown>) => {
    const late = delay(SETTLES_WITHIN_MS, 'late' as const, { ref: false })
    const outcome = await Promise.race([
      asked.then(
        () => 'done' as const,
        (error: unknown) => error,
      ),
      late,
    ])
    assert.equal(driver.dialect.failureKind(outcome), 'away', String(outcome))
  }

  test(claim('what is under way fails as away when its connection is destroyed'), async () => {
    const server = await opened()
    const connection = await server.driver.connect(nobody)
    server.hang()
    const asked = connection.execute(SELECT)
    connection.destroy()
    await failsAsAway(server, asked).finally(() => server.goOn())
  })

  test(claim('nothing is done on a connection that was destroyed, or closed'), async () => {
    const server = await opened()
    const destroyed = await server.driver.connect(nobody)
    destroyed.destroy()
    destroyed.destroy()
    await failsAsAway(server, destroyed.execute(SELECT))
    await failsAsAway(server, destroyed.commit())
    const closed = await server.driver.connect(nobody)
    await closed.close()
    await failsAsAway(server, closed.execute(SELECT))
    closed.destroy()
  })

  test(claim('an idle connection that the server ends is told of'), async () => {
    const server = await opened()
    const told = Promise.withResolvers<string>()
    const connection = await server.driver.connect(told.resolve)
    await server.endConnections()
    assert.notEqual(await told.promise, '')
    await failsAsAway(server, connection.execute(SELECT))
    connection.destroy()
  })

  test(
    claim('a connection that is closed on purpose does not fail whoever closed it'),
    async () => {
      const server = await opened()
      const connection = await server.driver.connect(nobody)
      await connection.close()
      connection.destroy()
    },
  )

  test(claim('a server that is not there fails as away, and is found when it is'), async () => {
    const server = await opened()
    await server.refuse()
    await failsAsAway(server, server.driver.connect(nobody))
    await server.serveAgain()
    const connection = await server.driver.connect(nobody)
    await connection.execute(SELECT)
    await connection.close()
  })
}
