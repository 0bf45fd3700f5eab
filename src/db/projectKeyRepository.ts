import type { ProjectKeyRepository, ProjectKeyRow } from '../domain/ports/keyRepositories.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import type { CommandRunner } from './commandRunner.ts'
import { ACTIVE_PROJECT_KEY } from './commands/projectKeyCommands.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import type { Reads } from './reads.ts'
import { PROJECT_KEY_COLUMNS, projectKeyOfRow } from './rows/projectKeyRow.ts'
import { recordIn } from './rows/recordIn.ts'

const FIND = `select ${PROJECT_KEY_COLUMNS.join(', ')} from project_keys where project_keys.id = ?`

export interface ProjectKeyRepositoryParts {
  readonly onEvent: OnDatabaseEvent
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlProjectKeyRepository implements ProjectKeyRepository {
  readonly #parts: ProjectKeyRepositoryParts

  constructor(parts: ProjectKeyRepositoryParts) {
    this.#parts = parts
  }

  async active(projectId: ProjectId, store: string): Promise<ProjectKeyRow | undefined> {
    const row = await this.#parts.reads.first(ACTIVE_PROJECT_KEY, projectId, store)
    return recordIn(row, projectKeyOfRow, 'project-key', this.#parts.onEvent)
  }

  async find(id: ProjectKeyId): Promise<ProjectKeyRow | undefined> {
    const row = await this.#parts.reads.first(FIND, id)
    return recordIn(row, projectKeyOfRow, 'project-key', this.#parts.onEvent)
  }

  async activate(
    row: ProjectKeyRow,
  ): Promise<ProjectKeyRow | 'orphans' | 'deleted' | { readonly nextTerm: number }> {
    return this.#parts.commands.run('activateProjectKey', row)
  }

  async reserveWraps(id: ProjectKeyId, count: number): Promise<number> {
    return this.#parts.commands.run('reserveDataKeyWraps', id, count)
  }
}
