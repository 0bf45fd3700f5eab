import type { CommandArgs, CommandName, CommandResult } from './commands/commandTable.ts'

/** Runs a change as one transaction; its answer means it is durable. */
export interface CommandRunner {
  /** @throws Fault('unavailable') */
  run<Name extends CommandName>(
    name: Name,
    ...args: CommandArgs<Name>
  ): Promise<CommandResult<Name>>
}
