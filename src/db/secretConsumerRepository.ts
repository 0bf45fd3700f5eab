import type { QuotaReached } from '../domain/ports/changes.ts'
import type { SecretConsumerRepository } from '../domain/ports/secretRepositories.ts'
import type { ConsumerId, ProjectId, SecretId } from '../lib/ids.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { SecretConsumer, SecretConsumerName } from '../model/secretConsumer.ts'
import type { CommandRunner } from './commandRunner.ts'
import { totalWithoutCounting } from './listing.ts'
import type { Reads } from './reads.ts'
import { number } from './rows/column.ts'
import { SECRET_CONSUMER_COLUMNS, secretConsumerOfRow } from './rows/secretConsumerRow.ts'
import type { Statements } from './statement.ts'

const SELECT = `select ${SECRET_CONSUMER_COLUMNS.join(', ')} from secret_consumers `
const OF_SECRET = 'where secret_consumers.secret_id = ?'
const IN_ORDER = 'secret_consumers.created_at, secret_consumers.id'
const ONE = `${SELECT}${OF_SECRET} and secret_consumers.id = ?`
export const CONSUMER_PAGE_SQL = `${SELECT}${OF_SECRET} order by ${IN_ORDER} limit ? offset ?`
export const CONSUMER_COUNT_SQL = `select count(*) as total from secret_consumers ${OF_SECRET}`

/** @param places how many `?`; a power of two, so that there are few such statements to hold */
export function consumersOfSecretsSql(places: number): string {
  const list = Array.from({ length: places }, () => '?').join(', ')
  // Secret by secret, as the index has them: nothing is sorted.
  return (
    `${SELECT}where secret_consumers.secret_id in (${list}) ` +
    `order by secret_consumers.secret_id, ${IN_ORDER}`
  )
}

export interface SecretConsumerRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlSecretConsumerRepository implements SecretConsumerRepository {
  readonly #parts: SecretConsumerRepositoryParts

  constructor(parts: SecretConsumerRepositoryParts) {
    this.#parts = parts
  }

  async ofSecrets(
    ids: readonly SecretId[],
  ): Promise<ReadonlyMap<SecretId, readonly SecretConsumer[]>> {
    const [first] = ids
    if (first === undefined) return new Map()
    const places = 2 ** Math.ceil(Math.log2(ids.length))
    const filled = [...ids, ...Array.from({ length: places - ids.length }, () => first)]
    const rows = await this.#parts.reads.all(consumersOfSecretsSql(places), ...filled)
    return Map.groupBy(rows.map(secretConsumerOfRow), ({ secretId }) => secretId)
  }

  async list(id: SecretId, page: PageRequest): Promise<Page<SecretConsumer>> {
    return this.#parts.reads.snapshot(() => pageOfConsumers(id, page))
  }

  async find(id: SecretId, consumerId: ConsumerId): Promise<SecretConsumer | undefined> {
    const row = await this.#parts.reads.first(ONE, id, consumerId)
    return row === undefined ? undefined : secretConsumerOfRow(row)
  }

  async add(
    consumer: SecretConsumer,
    defaultQuota?: number,
  ): Promise<'added' | 'present' | 'gone' | QuotaReached> {
    return this.#parts.commands.run('addSecretConsumer', consumer, defaultQuota)
  }

  async remove(
    id: SecretId,
    name: SecretConsumerName,
    by: ProjectId | undefined,
  ): Promise<'removed' | 'absent' | 'foreign'> {
    return this.#parts.commands.run('removeSecretConsumer', id, name, by)
  }
}

function* pageOfConsumers(id: SecretId, page: PageRequest): Statements<Page<SecretConsumer>> {
  const { rows } = yield { sql: CONSUMER_PAGE_SQL, params: [id, page.limit, page.offset] }
  const items = rows.map(secretConsumerOfRow)
  const known = totalWithoutCounting(items.length, page)
  if (known !== undefined) return { items, total: known }
  const counted = yield { sql: CONSUMER_COUNT_SQL, params: [id] }
  return { items, total: counted.rows[0] === undefined ? 0 : number(counted.rows[0], 'total') }
}
