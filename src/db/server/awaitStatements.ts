import type { Statement, StatementResult, Statements } from '../statement.ts'

/** Runs a sequence of statements to its end over a connection that takes its time. */
export async function awaitStatements<Result>(
  statements: Statements<Result>,
  execute: (statement: Statement) => Promise<StatementResult>,
): Promise<Result> {
  let step = statements.next()
  while (step.done !== true) step = statements.next(await execute(step.value))
  return step.value
}
