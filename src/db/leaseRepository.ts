import type { LeaseRepository, LeaseSeen } from '../domain/ports/leases.ts'
import type { CommandRunner } from './commandRunner.ts'
import { LEASE, leaseSeenIn } from './commands/leaseCommands.ts'
import type { Reads } from './reads.ts'

export interface LeaseRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlLeaseRepository implements LeaseRepository {
  readonly #parts: LeaseRepositoryParts

  constructor(parts: LeaseRepositoryParts) {
    this.#parts = parts
  }

  async look(name: string): Promise<LeaseSeen | undefined> {
    return leaseSeenIn(await this.#parts.reads.first(LEASE, name))
  }

  async take(name: string, owner: string, seen: LeaseSeen | undefined): Promise<boolean> {
    return this.#parts.commands.run('takeLease', name, owner, seen)
  }

  async beat(name: string, owner: string): Promise<boolean> {
    return this.#parts.commands.run('beatLease', name, owner)
  }

  async release(name: string, owner: string): Promise<void> {
    return this.#parts.commands.run('releaseLease', name, owner)
  }
}
