import { type Command, statementsOf } from './commands/commandTable.ts'
import { dialectSqlite } from './dialectSqlite.ts'
import type { SqliteConnection } from './dialectSqliteConnection.ts'
import { driveStatements } from './driveStatements.ts'
import { reasonOf } from './failureReason.ts'
import type { Statement, StatementResult } from './statement.ts'
import type { Answer, WriterThreadEvent } from './writerMessages.ts'

/** What group commit needs of a connection; a test hands in one that fails where it likes. */
export type WritableConnection = Pick<
  SqliteConnection,
  | 'execute'
  | 'beginWrite'
  | 'commit'
  | 'rollback'
  | 'isInTransaction'
  | 'ensureFilesInPlace'
  | 'checkpoint'
  | 'close'
>

export interface GroupCommitParts {
  readonly open: () => WritableConnection
  readonly onEvent: (event: WriterThreadEvent) => void
}

/**
 * Commands that came together share one transaction and one fsync, and each is taken back alone. An
 * answer of 'done' means: on the disk. A connection that failed at anything but a single statement is
 * never used again: it is closed, and the next batch opens another, which recovers what was committed.
 */
export class GroupCommit {
  readonly #parts: GroupCommitParts
  #connection: WritableConnection | undefined

  constructor(parts: GroupCommitParts) {
    this.#parts = parts
  }

  /** One answer for each command, in their order. Does not throw. */
  run(commands: readonly Command[]): readonly Answer[] {
    const together = this.#transaction(commands)
    if (together !== 'lost') return together
    // SQLite rolled back the whole batch because of one. Alone, the others may well pass.
    return commands.map((command) => {
      const alone = this.#transaction([command])
      return alone === 'lost' ? unavailable('the transaction was rolled back') : firstOf(alone)
    })
  }

  /** 'lost': the transaction was rolled back under way, and nothing of it is written. */
  #transaction(commands: readonly Command[]): readonly Answer[] | 'lost' {
    let connection: WritableConnection
    try {
      connection = this.connection()
      connection.ensureFilesInPlace()
      connection.beginWrite()
    } catch (error) {
      if (dialectSqlite.failureKind(error) !== 'busy') this.discard(reasonOf(error))
      return commands.map(() => unavailable(reasonOf(error)))
    }
    try {
      const answers: Answer[] = []
      for (const command of commands) {
        answers.push(runCommand(connection, command))
        if (!connection.isInTransaction) return 'lost'
      }
      connection.commit()
      connection.ensureFilesInPlace()
      return answers
    } catch (error) {
      // A failed COMMIT or fsync is never tried again here: the second one may report success for
      // pages the kernel has dropped. What reached the disk shows when the log is recovered.
      this.discard(reasonOf(error))
      return commands.map(() => unavailable(reasonOf(error), true))
    }
  }

  /** The open connection, or a new one. @throws when the database cannot be opened */
  connection(): WritableConnection {
    if (this.#connection === undefined) {
      this.#connection = this.#parts.open()
      this.#parts.onEvent({ type: 'connectionOpened' })
    }
    return this.#connection
  }

  /** Gives the connection up for what happened on it; the next batch opens another. */
  discard(reason: string): void {
    if (this.#connection === undefined) return
    this.#parts.onEvent({ type: 'connectionLost', reason })
    this.close()
  }

  close(): void {
    const connection = this.#connection
    this.#connection = undefined
    try {
      connection?.close()
    } catch {
      // It is given up in any case; what was answered is on the disk.
    }
  }
}

/**
 * In a savepoint from its first write on, unless that is its only one. SQLite takes back a single statement
 * by itself, or with it the whole transaction.
 */
function runCommand(connection: WritableConnection, command: Command): Answer {
  let hasSavepoint = false
  const execute = (statement: Statement): StatementResult => {
    if (!hasSavepoint && statement.isAlone !== true && !statement.sql.startsWith('select ')) {
      connection.execute({ sql: 'savepoint command', params: [] })
      hasSavepoint = true
    }
    return connection.execute(statement)
  }
  try {
    const result = driveStatements(statementsOf(command, dialectSqlite), execute)
    if (hasSavepoint) connection.execute({ sql: 'release savepoint command', params: [] })
    return { kind: 'done', result }
  } catch (error) {
    if (hasSavepoint && connection.isInTransaction) {
      connection.execute({ sql: 'rollback to savepoint command', params: [] })
      connection.execute({ sql: 'release savepoint command', params: [] })
    }
    const kind = dialectSqlite.failureKind(error)
    return kind === 'away' || kind === 'busy' ? unavailable(reasonOf(error)) : bug(error)
  }
}

function firstOf(answers: readonly Answer[]): Answer {
  return answers[0] ?? bug(new Error('A batch of one was not answered.'))
}

function unavailable(reason: string, isOutcomeUnknown = false): Answer {
  return { kind: 'unavailable', reason, isOutcomeUnknown }
}

function bug(error: unknown): Answer {
  return {
    kind: 'bug',
    reason: reasonOf(error),
    stack: error instanceof Error ? error.stack : undefined,
  }
}
