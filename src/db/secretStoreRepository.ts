import type {
  OrphanedStore,
  SecretStoreRepository,
  SecretStoreRow,
} from '../domain/ports/projectRepositories.ts'
import type { ProjectId, SecretStoreId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { CommandRunner } from './commandRunner.ts'
import { SECRET_STORES } from './commands/secretStoreCommands.ts'
import type { Reads } from './reads.ts'
import { secretStoreOfRow } from './rows/secretStoreRow.ts'

const FIND = `${SECRET_STORES} where secret_stores.id = ?`
const PREFERRED =
  `${SECRET_STORES} where secret_stores.id = (select preferred_secret_stores.secret_store_id ` +
  'from preferred_secret_stores where preferred_secret_stores.project_id = ?)'

export interface SecretStoreRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlSecretStoreRepository implements SecretStoreRepository {
  readonly #parts: SecretStoreRepositoryParts

  constructor(parts: SecretStoreRepositoryParts) {
    this.#parts = parts
  }

  async list(): Promise<readonly SecretStoreRow[]> {
    const rows = await this.#parts.reads.all(`${SECRET_STORES} order by secret_stores.suffix`)
    return rows.map(secretStoreOfRow)
  }

  async find(id: SecretStoreId): Promise<SecretStoreRow | undefined> {
    const row = await this.#parts.reads.first(FIND, id)
    return row === undefined ? undefined : secretStoreOfRow(row)
  }

  async preferredBy(projectId: ProjectId): Promise<SecretStoreRow | undefined> {
    const row = await this.#parts.reads.first(PREFERRED, projectId)
    return row === undefined ? undefined : secretStoreOfRow(row)
  }

  async prefer(
    projectId: ProjectId,
    id: SecretStoreId,
    now: Timestamp,
  ): Promise<'changed' | 'gone'> {
    return this.#parts.commands.run('preferSecretStore', projectId, id, now)
  }

  async removePreference(projectId: ProjectId): Promise<'changed' | 'absent'> {
    return this.#parts.commands.run('removeSecretStorePreference', projectId)
  }

  async synchronize(
    declared: readonly Omit<SecretStoreRow, 'updatedAt'>[],
  ): Promise<readonly OrphanedStore[]> {
    return this.#parts.commands.run('synchronizeSecretStores', declared)
  }
}
