import { StartupRefusal } from '../../lib/startupRefusal.ts'
import type { Statement, StatementResult } from '../statement.ts'

/**
 * A connection for one long piece of work, such as a backup: common SQL, one statement after the other.
 * @throws StartupRefusal when a row breaks a rule of the schema
 * @throws Fault('unavailable') when the database does not serve
 */
export interface TableConnection {
  execute(statement: Statement): Promise<StatementResult>
  /** 'snapshot': all that is read belongs to one moment. 'change': nobody else sees it before the commit. */
  begin(kind: 'snapshot' | 'change'): Promise<void>
  /** Durable when it answers. */
  commit(): Promise<void>
  /** Whatever was begun and not committed never was. */
  close(): Promise<void>
}

export function doesNotFit(reason: string, cause: unknown): StartupRefusal {
  return new StartupRefusal(`The backup holds a row that its schema does not allow: ${reason}`, {
    cause,
  })
}
