import type { PurgeRepository } from '../domain/ports/projectRepositories.ts'
import type { SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { number, text } from './rows/column.ts'

export const COUNT_EXPIRED = 'select count(*) as total from secrets where secrets.expires_at <= ?'
export const EXPIRED =
  'select secrets.id from secrets where secrets.expires_at <= ? ' +
  'order by secrets.expires_at, secrets.id limit ? offset ?'
const COUNT_TOMBSTONES = 'select count(*) as total from tombstones where tombstones.deleted_at <= ?'

export interface PurgeRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlPurgeRepository implements PurgeRepository {
  readonly #parts: PurgeRepositoryParts

  constructor(parts: PurgeRepositoryParts) {
    this.#parts = parts
  }

  async countExpired(before: Timestamp): Promise<number> {
    return this.#count(COUNT_EXPIRED, before)
  }

  async expired(
    before: Timestamp,
    { limit, skipped }: { limit: number; skipped: number },
  ): Promise<readonly SecretId[]> {
    const rows = await this.#parts.reads.all(EXPIRED, before, limit, skipped)
    return rows.map((row) => text(row, 'id') as SecretId)
  }

  async removeSecrets(
    secrets: readonly { readonly id: SecretId; readonly rowMac: Uint8Array }[],
    deletedAt: Timestamp,
  ): Promise<number> {
    return this.#parts.commands.run('removeSecrets', secrets, deletedAt)
  }

  async countTombstones(before: Timestamp): Promise<number> {
    return this.#count(COUNT_TOMBSTONES, before)
  }

  async removeTombstones(before: Timestamp, limit: number): Promise<number> {
    return this.#parts.commands.run('removeTombstones', before, limit)
  }

  async #count(sql: string, before: Timestamp): Promise<number> {
    const row = await this.#parts.reads.first(sql, before)
    return row === undefined ? 0 : number(row, 'total')
  }
}
