import { setTimeout as delay } from 'node:timers/promises'
import { unavailable } from '../../lib/fault.ts'
import type { CommandRunner } from '../commandRunner.ts'
import {
  type Command,
  type CommandArgs,
  type CommandName,
  type CommandResult,
  statementsOf,
} from '../commands/commandTable.ts'
import type { OnDatabaseEvent } from '../databaseEvent.ts'
import { reasonOf } from '../failureReason.ts'
import type { Statement, StatementResult } from '../statement.ts'
import { awaitStatements } from './awaitStatements.ts'
import type { ServerConnection, ServerDriver } from './serverConnection.ts'
import type { ServerPool } from './serverPool.ts'

export interface ServerCommandsParts {
  readonly pool: ServerPool
  readonly driver: ServerDriver
  readonly monotonicMs: () => number
  readonly onEvent: OnDatabaseEvent
  /** From 0 to 1: spreads those who met in a deadlock. */
  readonly random: () => number
}

/** All attempts together, once there is a connection. */
const ANSWER_WITHIN_MS = 20_000
/**
 * Two who met once seldom meet again; on Galera a busy row may take a few rounds. A connection that was
 * dead when it was lent is no news of the server: one more. What the server refuses it would refuse again.
 */
const ATTEMPTS = { busy: 8, away: 2, refused: 1 }
const FIRST_PAUSE_MS = 4
const LONGEST_PAUSE_MS = 250

/** What is known of a change that failed. */
interface Attempted {
  /** What would make it durable: a lone statement that commits itself, or COMMIT. */
  sent: 'nothing' | 'alone' | 'commit'
}

/** A lone statement that the server refuses it has undone; of a COMMIT nobody says so. */
function isOutcomeUnknown({ sent }: Attempted, kind: 'busy' | 'refused' | 'away'): boolean {
  if (kind === 'busy') return false
  return sent === 'commit' || (sent === 'alone' && kind === 'away')
}

/** Changes on a server: one transaction each, tried again while the database says that it was taken back. */
export class ServerCommands implements CommandRunner {
  readonly #parts: ServerCommandsParts

  constructor(parts: ServerCommandsParts) {
    this.#parts = parts
  }

  async run<Name extends CommandName>(
    name: Name,
    ...args: CommandArgs<Name>
  ): Promise<CommandResult<Name>> {
    const { pool, driver, monotonicMs, onEvent } = this.#parts
    const command = { name, args } as Command
    const lateMs = monotonicMs() + ANSWER_WITHIN_MS
    for (let attempt = 1; ; attempt += 1) {
      const attempted: Attempted = { sent: 'nothing' }
      try {
        const result = await pool.use(Math.max(lateMs - monotonicMs(), 0), (connection) =>
          this.#transaction(connection, command, attempted),
        )
        // The transaction ran the command of this name, and its result is that command's.
        return result as CommandResult<Name>
      } catch (error) {
        const kind = driver.dialect.failureKind(error)
        if (kind === 'bug' || kind === 'constraint') throw error
        if (isOutcomeUnknown(attempted, kind)) throw outcomeUnknown(error)
        if (attempt >= ATTEMPTS[kind] || monotonicMs() >= lateMs) throw notWritten(error)
        onEvent({ type: 'changeRetried', command: name, reason: reasonOf(error) })
        if (kind === 'busy') await delay(this.#pauseMs(attempt))
      }
    }
  }

  async #transaction(
    connection: ServerConnection,
    command: Command,
    attempted: Attempted,
  ): Promise<unknown> {
    const { dialect } = this.#parts.driver
    let hasBegun = false
    const execute = async (statement: Statement): Promise<StatementResult> => {
      if (statement.isAlone === true && !hasBegun) {
        // The one write of its command: it commits itself. When more follows, it has changed nothing.
        attempted.sent = 'alone'
        const result = await connection.execute(statement)
        attempted.sent = 'nothing'
        return result
      }
      if (!hasBegun) await connection.begin('change')
      hasBegun = true
      return connection.execute(statement)
    }
    try {
      const result = await awaitStatements(statementsOf(command, dialect), execute)
      if (hasBegun) {
        attempted.sent = 'commit'
        await connection.commit()
      }
      return result
    } catch (error) {
      // A deadlock has rolled back already, a lock timeout has not: in both cases this ends it.
      if (hasBegun && dialect.failureKind(error) !== 'away') await connection.rollback()
      throw error
    }
  }

  #pauseMs(attempt: number): number {
    const longest = Math.min(FIRST_PAUSE_MS * 2 ** attempt, LONGEST_PAUSE_MS)
    return Math.ceil(longest * (0.5 + this.#parts.random() / 2))
  }
}

/** What the driver says names hosts and users: it is for the log, which is given the cause. */
function notWritten(cause: unknown): Error {
  return unavailable('The change is not written: the database does not take it now.', cause)
}

function outcomeUnknown(cause: unknown): Error {
  const advice = 'look before you write it again.'
  return unavailable(`The change may or may not be written: ${advice}`, cause)
}
