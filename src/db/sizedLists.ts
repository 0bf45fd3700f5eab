import type { ContainerQuery } from '../domain/ports/containerRepositories.ts'
import type { OrderQuery } from '../domain/ports/orderRepositories.ts'
import type { SecretQuery } from '../domain/ports/secretRepositories.ts'
import type { ListedContainer } from '../model/container.ts'
import type { Order } from '../model/order.ts'
import type { Page } from '../model/page.ts'
import type { SecretSummary } from '../model/secret.ts'
import type { Lists } from './lists.ts'
import type { Reads } from './reads.ts'
import { number } from './rows/column.ts'
import type { SqlValue } from './statement.ts'

/** How many rows take about 5 ms: to filter or sort them, and to count them along an index. */
const FEW_TO_WORK_ON = 1_000
const FEW_TO_COUNT = 30_000

const sizeOf = (rows: string) =>
  `select count(*) as size from (select 1 from ${rows} = ? limit ?) rows_in_scope`
const SECRETS_OF_PROJECT = sizeOf('secrets where secrets.project_id')
const SECRETS_OF_USER = sizeOf('secret_acl_users where secret_acl_users.user_id')
const CONTAINERS_OF_PROJECT = sizeOf('containers where containers.project_id')
const ORDERS_OF_PROJECT = sizeOf('orders where orders.project_id')

export interface SizedListsParts {
  readonly reads: Reads
  /** On the loop that answers requests. */
  readonly here: Lists
  /** Anywhere else. */
  readonly aside: Lists
}

/**
 * A list costs as much as there is to filter and to count: for a project of a million secrets that is
 * seconds, and SQLite would spend them on the loop that answers everybody. So those go aside, and a
 * look at the index, some microseconds, tells which they are.
 */
export class SizedLists implements Lists {
  readonly #parts: SizedListsParts

  constructor(parts: SizedListsParts) {
    this.#parts = parts
  }

  async secrets(query: SecretQuery): Promise<Page<SecretSummary>> {
    const lists =
      'projectId' in query.scope
        ? await this.#for(SECRETS_OF_PROJECT, query.scope.projectId, fewOf(query))
        : await this.#for(SECRETS_OF_USER, query.scope.aclUser, FEW_TO_WORK_ON)
    return lists.secrets(query)
  }

  async containers(query: ContainerQuery): Promise<Page<ListedContainer>> {
    const isPlain =
      query.name === undefined && query.type === undefined && query.marker === undefined
    const few = isPlain ? FEW_TO_COUNT : FEW_TO_WORK_ON
    return (await this.#for(CONTAINERS_OF_PROJECT, query.projectId, few)).containers(query)
  }

  async orders(query: OrderQuery): Promise<Page<Order>> {
    const lists = await this.#for(
      ORDERS_OF_PROJECT,
      query.projectId,
      query.meta === undefined && query.marker === undefined ? FEW_TO_COUNT : FEW_TO_WORK_ON,
    )
    return lists.orders(query)
  }

  async #for(size: string, scope: SqlValue, few: number): Promise<Lists> {
    const row = await this.#parts.reads.first(size, scope, few + 1)
    const isSmall = row !== undefined && number(row, 'size') <= few
    return isSmall ? this.#parts.here : this.#parts.aside
  }
}

/** Without filter, sort and marker a page is read in index order, and only its total costs more with more rows. */
function fewOf({ filter, sort, marker }: SecretQuery): number {
  const isPlain = Object.keys(filter).length === 0 && sort.length === 0 && marker === undefined
  return isPlain ? FEW_TO_COUNT : FEW_TO_WORK_ON
}
