import type { Changed, QuotaReached } from '../domain/ports/changes.ts'
import type {
  ContainerQuery,
  ContainerRepository,
  NewMember,
} from '../domain/ports/containerRepositories.ts'
import type { ContainerId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Container, ListedContainer } from '../model/container.ts'
import type { Page } from '../model/page.ts'
import type { Stored } from '../model/record.ts'
import type { Dialect } from './dialect.ts'
import { type FindById, findById } from './findById.ts'
import { containerColumns, containerOfRow } from './rows/containerRow.ts'
import { CONTAINER_WITH_PARTS } from './rows/containerWithParts.ts'
import { recordIn } from './rows/recordIn.ts'
import type { RepositoryParts } from './secretRepository.ts'

/** A container with all that its row MAC covers. */
export function findContainer(dialect: Dialect): FindById {
  return dialect.aggregatesOnDisk
    ? CONTAINER_WITH_PARTS
    : findById('containers', containerColumns(dialect))
}

export class SqlContainerRepository implements ContainerRepository {
  readonly #parts: RepositoryParts
  readonly #find: FindById

  constructor(parts: RepositoryParts) {
    this.#parts = parts
    this.#find = findContainer(parts.dialect)
  }

  async find(id: ContainerId): Promise<Stored<Container> | undefined> {
    const row = await this.#parts.reads.byId(this.#find, id)
    return recordIn(row, containerOfRow, 'container', this.#parts.onEvent)
  }

  async list(query: ContainerQuery): Promise<Page<ListedContainer>> {
    return this.#parts.lists.containers(query)
  }

  async insert(
    container: Stored<Container>,
    now: Timestamp,
    defaultQuota?: number,
  ): Promise<'inserted' | 'keyGone' | 'secretGone' | QuotaReached> {
    return this.#parts.commands.run('insertContainer', container, now, defaultQuota)
  }

  async replaceMembers(
    verifiedMac: Uint8Array,
    container: Stored<Container>,
    added: NewMember | undefined,
  ): Promise<Changed | 'keyGone' | 'secretGone'> {
    return this.#parts.commands.run('replaceContainerMembers', verifiedMac, container, added)
  }

  async replaceAcl(
    verifiedMac: Uint8Array,
    container: Stored<Container>,
  ): Promise<Changed | 'keyGone'> {
    return this.#parts.commands.run('replaceContainerAcl', verifiedMac, container)
  }

  async remove(id: ContainerId, verifiedMac: Uint8Array, deletedAt: Timestamp): Promise<Changed> {
    return this.#parts.commands.run('removeContainer', id, verifiedMac, deletedAt)
  }
}
