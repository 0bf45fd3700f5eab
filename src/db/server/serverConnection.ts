import type { Dialect } from '../dialect.ts'
import type { Statement, StatementResult } from '../statement.ts'

/**
 * One connection to a database server. A method that fails with what the dialect calls 'away' leaves a
 * connection that nothing can be trusted on: it is destroyed.
 */
export interface ServerConnection {
  /** What the server was told that makes an acknowledgement less than durable; empty as it should be. */
  readonly weaknesses: readonly DurabilityWeakness[]
  execute(statement: Statement): Promise<StatementResult>
  /** 'change' at READ COMMITTED: what comes after a lock sees all that was committed before it (ADR 0016). */
  begin(kind: TransactionKind): Promise<void>
  commit(): Promise<void>
  rollback(): Promise<void>
  /** Takes leave of the server. */
  close(): Promise<void>
  /** Without a word, at once. What is under way may never be answered. */
  destroy(): void
}

export type TransactionKind = 'change' | 'snapshot'

/** Opens connections to one place. */
export interface ServerDriver {
  readonly dialect: Dialect
  /** Where to, without user and password; for logs. */
  readonly place: string
  /** `onEnd`: the connection ended without having been asked to. */
  connect(onEnd: (reason: string) => void): Promise<ServerConnection>
}

export interface DurabilityWeakness {
  readonly setting: string
  readonly found: string
  readonly wanted: string
}

/** What a session is bounded by on the server's side, so that it ends there even when we are gone. */
export interface SessionLimits {
  readonly statementSeconds: number
  readonly lockWaitSeconds: number
}

/** Hot statements stay; a client that asks for ever new combinations of filters pushes out its own. */
export const HELD_STATEMENTS = 200
