import type { Changed, QuotaReached } from '../domain/ports/changes.ts'
import type { SecretQuery, SecretRepository } from '../domain/ports/secretRepositories.ts'
import type { SecretId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { PayloadFacts } from '../model/certificateFacts.ts'
import type { Page } from '../model/page.ts'
import type { Stored } from '../model/record.ts'
import type { Secret, SecretFacts, SecretSummary } from '../model/secret.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { OnDatabaseEvent } from './databaseEvent.ts'
import type { Dialect } from './dialect.ts'
import { type FindById, findById } from './findById.ts'
import type { Lists } from './lists.ts'
import type { Reads } from './reads.ts'
import { recordIn } from './rows/recordIn.ts'
import {
  ENVELOPE,
  HAS_PAYLOAD,
  type LastColumn,
  secretColumns,
  secretFactsOfRow,
  secretOfRow,
} from './rows/secretRow.ts'
import { secretWithUsers } from './rows/secretWithUsers.ts'

export interface RepositoryParts {
  readonly onEvent: OnDatabaseEvent
  readonly reads: Reads
  readonly commands: CommandRunner
  readonly lists: Lists
  readonly dialect: Dialect
}

/** The statement of the hot path (design 3). */
export function findSecret(dialect: Dialect, last: LastColumn = ENVELOPE): FindById {
  return dialect.aggregatesOnDisk
    ? secretWithUsers(last)
    : findById('secrets', secretColumns(dialect, last))
}

export class SqlSecretRepository implements SecretRepository {
  readonly #parts: RepositoryParts
  readonly #find: FindById
  readonly #findFacts: FindById

  constructor(parts: RepositoryParts) {
    this.#parts = parts
    this.#find = findSecret(parts.dialect)
    this.#findFacts = findSecret(parts.dialect, HAS_PAYLOAD)
  }

  async find(id: SecretId): Promise<Stored<Secret> | undefined> {
    const row = await this.#parts.reads.byId(this.#find, id)
    return recordIn(row, secretOfRow, 'secret', this.#parts.onEvent)
  }

  async facts(id: SecretId): Promise<Stored<SecretFacts> | undefined> {
    const row = await this.#parts.reads.byId(this.#findFacts, id)
    return recordIn(row, secretFactsOfRow, 'secret', this.#parts.onEvent)
  }

  async list(query: SecretQuery): Promise<Page<SecretSummary>> {
    return this.#parts.lists.secrets(query)
  }

  async insert(
    secret: Stored<Secret>,
    defaultQuota?: number,
    facts?: PayloadFacts,
  ): Promise<'inserted' | 'keyGone' | QuotaReached> {
    return this.#parts.commands.run('insertSecret', secret, defaultQuota, facts)
  }

  async storePayload(
    verifiedMac: Uint8Array,
    secret: Stored<Secret>,
    facts?: PayloadFacts,
  ): Promise<Changed | 'conflict' | 'keyGone'> {
    return this.#parts.commands.run('storePayload', verifiedMac, secret, facts)
  }

  async replaceAcl(verifiedMac: Uint8Array, secret: Stored<Secret>): Promise<Changed | 'keyGone'> {
    return this.#parts.commands.run('replaceSecretAcl', verifiedMac, secret)
  }

  async remove(
    id: SecretId,
    verifiedMac: Uint8Array,
    deletedAt: Timestamp,
    consumers: 'refuse' | 'remove',
  ): Promise<Changed | 'consumed'> {
    return this.#parts.commands.run('removeSecret', id, verifiedMac, deletedAt, consumers)
  }
}
