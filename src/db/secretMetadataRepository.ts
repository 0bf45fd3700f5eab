import type { SecretMetadataRepository } from '../domain/ports/secretRepositories.ts'
import type { SecretId } from '../lib/ids.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { text } from './rows/column.ts'

const ALL =
  'select secret_metadata.meta_key, secret_metadata.meta_value from secret_metadata ' +
  'where secret_metadata.secret_id = ? order by secret_metadata.meta_key'
const ONE =
  'select secret_metadata.meta_value from secret_metadata ' +
  'where secret_metadata.secret_id = ? and secret_metadata.meta_key = ?'

export interface SecretMetadataRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlSecretMetadataRepository implements SecretMetadataRepository {
  readonly #parts: SecretMetadataRepositoryParts

  constructor(parts: SecretMetadataRepositoryParts) {
    this.#parts = parts
  }

  async all(id: SecretId): Promise<ReadonlyMap<string, string>> {
    const rows = await this.#parts.reads.all(ALL, id)
    return new Map(rows.map((row) => [text(row, 'meta_key'), text(row, 'meta_value')]))
  }

  async get(id: SecretId, key: string): Promise<string | undefined> {
    const row = await this.#parts.reads.first(ONE, id, key)
    return row === undefined ? undefined : text(row, 'meta_value')
  }

  async replaceAll(
    id: SecretId,
    entries: ReadonlyMap<string, string>,
  ): Promise<'changed' | 'gone'> {
    return this.#parts.commands.run('replaceSecretMetadata', id, entries)
  }

  async add(id: SecretId, key: string, value: string): Promise<'changed' | 'exists' | 'gone'> {
    return this.#parts.commands.run('addSecretMetadata', id, key, value)
  }

  async set(id: SecretId, key: string, value: string): Promise<'changed' | 'absent'> {
    return this.#parts.commands.run('setSecretMetadata', id, key, value)
  }

  async remove(id: SecretId, key: string): Promise<void> {
    return this.#parts.commands.run('removeSecretMetadata', id, key)
  }
}
