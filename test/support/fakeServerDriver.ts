import { dialectMysql } from '../../src/db/dialectMysql.ts'
import type { ServerConnection, ServerDriver } from '../../src/db/server/serverConnection.ts'
import { connectionFailure } from '../../src/db/server/serverFailure.ts'
import type { StatementResult } from '../../src/db/statement.ts'

type Behaviour = 'answers' | 'refuses' | 'hangs'

/** A server that is there, is not, or says nothing, as a test wants it. */
export class FakeServerDriver implements ServerDriver {
  readonly dialect = dialectMysql
  readonly place = 'a server that is none'
  readonly connections: FakeConnection[] = []
  behaviour: Behaviour = 'answers'
  attempts = 0
  #hanging: (() => void)[] = []

  connect(onEnd: (reason: string) => void): Promise<FakeConnection> {
    this.attempts += 1
    if (this.behaviour === 'refuses') return Promise.reject(refusedError())
    const { promise, resolve } = Promise.withResolvers<FakeConnection>()
    const open = () => {
      const connection = new FakeConnection(this, onEnd)
      this.connections.push(connection)
      resolve(connection)
    }
    if (this.behaviour === 'hangs') this.#hanging.push(open)
    else open()
    return promise
  }

  get open(): readonly FakeConnection[] {
    return this.connections.filter(({ state }) => state === 'open')
  }

  /** What hung goes on. */
  answerAgain(): void {
    this.behaviour = 'answers'
    for (const open of this.#hanging.splice(0)) open()
    for (const connection of this.connections) connection.answer()
  }
}

export class FakeConnection implements ServerConnection {
  readonly weaknesses = []
  state: 'open' | 'closed' | 'destroyed' = 'open'
  readonly #server: FakeServerDriver
  readonly #end: (reason: string) => void
  #hanging: PromiseWithResolvers<StatementResult>[] = []

  constructor(server: FakeServerDriver, end: (reason: string) => void) {
    this.#server = server
    this.#end = end
  }

  execute(): Promise<StatementResult> {
    if (this.state !== 'open') return Promise.reject(givenUp())
    if (this.#server.behaviour === 'answers') return Promise.resolve({ rows: [], changes: 0 })
    const waiting = Promise.withResolvers<StatementResult>()
    this.#hanging.push(waiting)
    return waiting.promise
  }

  async begin(): Promise<void> {
    await this.execute()
  }

  async commit(): Promise<void> {
    await this.execute()
  }

  async rollback(): Promise<void> {
    await this.execute()
  }

  async close(): Promise<void> {
    await this.execute()
    this.state = 'closed'
  }

  destroy(): void {
    if (this.state === 'open') this.state = 'destroyed'
    for (const { reject } of this.#hanging.splice(0)) reject(givenUp())
  }

  answer(): void {
    for (const { resolve } of this.#hanging.splice(0)) resolve({ rows: [], changes: 0 })
  }

  /** The server ends it. */
  end(): void {
    this.state = 'destroyed'
    for (const { reject } of this.#hanging.splice(0))
      reject(connectionFailure('it ended', 'ECONNRESET'))
    this.#end('it ended')
  }
}

function refusedError(): Error {
  return Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
}

function givenUp(): Error {
  return connectionFailure('the connection was given up', 'ETIMEDOUT')
}
