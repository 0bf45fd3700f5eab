import type { QuotaReached } from '../domain/ports/changes.ts'
import type {
  ContainerConsumerQuery,
  ContainerConsumerRepository,
} from '../domain/ports/containerRepositories.ts'
import type { ConsumerId, ContainerId, ProjectId } from '../lib/ids.ts'
import type { ConsumerName, ContainerConsumer } from '../model/containerConsumer.ts'
import type { Page } from '../model/page.ts'
import type { CommandRunner } from './commandRunner.ts'
import { totalWithoutCounting } from './listing.ts'
import type { Reads } from './reads.ts'
import { number, text } from './rows/column.ts'
import { CONTAINER_CONSUMER_COLUMNS, containerConsumerOfRow } from './rows/containerConsumerRow.ts'
import type { Statements } from './statement.ts'

const COLUMNS = CONTAINER_CONSUMER_COLUMNS.join(', ')
const OF_CONTAINER = 'from container_consumers where container_consumers.container_id = ?'
/** The order of the unique index, which is walked. */
const IN_ORDER = 'order by container_consumers.name, container_consumers.url'

const NAMES = `select container_consumers.name, container_consumers.url ${OF_CONTAINER} ${IN_ORDER}`
const PAGE = `select ${COLUMNS} ${OF_CONTAINER} ${IN_ORDER} limit ? offset ?`
const COUNT = `select count(*) as total ${OF_CONTAINER}`
const ONE = `select ${COLUMNS} ${OF_CONTAINER} and container_consumers.id = ?`

export interface ContainerConsumerRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlContainerConsumerRepository implements ContainerConsumerRepository {
  readonly #parts: ContainerConsumerRepositoryParts

  constructor(parts: ContainerConsumerRepositoryParts) {
    this.#parts = parts
  }

  async namesOf(id: ContainerId): Promise<readonly ConsumerName[]> {
    const rows = await this.#parts.reads.all(NAMES, id)
    return rows.map((row) => ({ name: text(row, 'name'), url: text(row, 'url') }))
  }

  async list(query: ContainerConsumerQuery): Promise<Page<ContainerConsumer>> {
    return this.#parts.reads.snapshot(() => listConsumers(query))
  }

  async find(containerId: ContainerId, id: ConsumerId): Promise<ContainerConsumer | undefined> {
    const row = await this.#parts.reads.first(ONE, containerId, id)
    return row === undefined ? undefined : containerConsumerOfRow(row)
  }

  async add(
    consumer: ContainerConsumer,
    defaultQuota?: number,
  ): Promise<'added' | 'present' | 'gone' | QuotaReached> {
    return this.#parts.commands.run('addContainerConsumer', consumer, defaultQuota)
  }

  async remove(
    containerId: ContainerId,
    consumer: ConsumerName,
    by: ProjectId | undefined,
  ): Promise<'removed' | 'absent' | 'foreign'> {
    return this.#parts.commands.run('removeContainerConsumer', containerId, consumer, by)
  }
}

function* listConsumers(query: ContainerConsumerQuery): Statements<Page<ContainerConsumer>> {
  const { containerId, limit, offset } = query
  const page = yield { sql: PAGE, params: [containerId, limit, offset] }
  const items = page.rows.map(containerConsumerOfRow)
  const known = totalWithoutCounting(items.length, query)
  if (known !== undefined) return { items, total: known }
  const count = yield { sql: COUNT, params: [containerId] }
  return { items, total: count.rows[0] === undefined ? 0 : number(count.rows[0], 'total') }
}
