import type { Statement, StatementResult, Statements } from './statement.ts'

/** Runs a sequence of statements to its end on a driver that answers at once. */
export function driveStatements<Result>(
  statements: Statements<Result>,
  execute: (statement: Statement) => StatementResult,
): Result {
  let step = statements.next()
  while (step.done !== true) step = statements.next(execute(step.value))
  return step.value
}
