import type {
  TransportKeyQuery,
  TransportKeyRepository,
} from '../domain/ports/projectRepositories.ts'
import type { TransportKeyId } from '../lib/ids.ts'
import type { Page } from '../model/page.ts'
import type { TransportKey } from '../model/transportKey.ts'
import type { CommandRunner } from './commandRunner.ts'
import type { Reads } from './reads.ts'
import { number } from './rows/column.ts'
import { TRANSPORT_KEY_COLUMNS, transportKeyOfRow } from './rows/transportKeyRow.ts'
import type { Statements } from './statement.ts'

const COLUMNS = TRANSPORT_KEY_COLUMNS.join(', ')
const FIND = `select ${COLUMNS} from transport_keys where transport_keys.id = ?`

export interface TransportKeyRepositoryParts {
  readonly reads: Reads
  readonly commands: CommandRunner
}

export class SqlTransportKeyRepository implements TransportKeyRepository {
  readonly #parts: TransportKeyRepositoryParts

  constructor(parts: TransportKeyRepositoryParts) {
    this.#parts = parts
  }

  async insert(key: TransportKey): Promise<void> {
    return this.#parts.commands.run('insertTransportKey', key)
  }

  async find(id: TransportKeyId): Promise<TransportKey | undefined> {
    const row = await this.#parts.reads.first(FIND, id)
    return row === undefined ? undefined : transportKeyOfRow(row)
  }

  async list(query: TransportKeyQuery): Promise<Page<TransportKey>> {
    return this.#parts.reads.snapshot(() => listTransportKeys(query))
  }

  async remove(id: TransportKeyId): Promise<'changed' | 'gone'> {
    return this.#parts.commands.run('removeTransportKey', id)
  }
}

function* listTransportKeys({
  pluginName,
  limit,
  offset,
}: TransportKeyQuery): Statements<Page<TransportKey>> {
  const where = pluginName === undefined ? '' : ' where transport_keys.plugin_name = ?'
  const params = pluginName === undefined ? [] : [pluginName]
  const page = yield {
    sql:
      `select ${COLUMNS} from transport_keys${where} ` +
      'order by transport_keys.created_at, transport_keys.id limit ? offset ?',
    params: [...params, limit, offset],
  }
  const count = yield { sql: `select count(*) as total from transport_keys${where}`, params }
  const total = count.rows[0] === undefined ? 0 : number(count.rows[0], 'total')
  return { items: page.rows.map(transportKeyOfRow), total }
}
