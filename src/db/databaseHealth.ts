import type { DatabaseHealth } from '../domain/ports/keyRepositories.ts'
import { unavailable } from '../lib/fault.ts'
import type { CommandRunner } from './commandRunner.ts'
import { DEPLOYMENT_ID } from './commands/deploymentCommands.ts'
import type { Reads } from './reads.ts'

export interface SqlDatabaseHealthParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

/** Reads, and writes through to the disk: a full or read-only one shows only then. */
export class SqlDatabaseHealth implements DatabaseHealth {
  readonly #parts: SqlDatabaseHealthParts

  constructor(parts: SqlDatabaseHealthParts) {
    this.#parts = parts
  }

  async check(signal: AbortSignal): Promise<void> {
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const abort = () => reject(unavailable('The database did not answer in time.'))
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    try {
      await Promise.race([this.#readAndWrite(), aborted])
    } finally {
      signal.removeEventListener('abort', abort)
    }
  }

  async #readAndWrite(): Promise<void> {
    await this.#parts.reads.first(DEPLOYMENT_ID)
    await this.#parts.commands.run('proveWritable')
  }
}
