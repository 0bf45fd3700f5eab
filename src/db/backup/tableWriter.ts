import type { BackupValue } from '../../domain/ports/backup.ts'
import { Fault } from '../../lib/fault.ts'
import { StartupRefusal } from '../../lib/startupRefusal.ts'
import { reasonOf } from '../failureReason.ts'
import { doesNotFit, type TableConnection } from './tableConnection.ts'

/** Rows of one insert: a server is asked that much less often. */
const GROUP_ROWS = 50
/** And that many bytes, far below what a server takes in one packet. */
const GROUP_BYTES = 1024 * 1024

/** Inserts rows of one table, some at a time. */
export class TableWriter {
  readonly #connection: Pick<TableConnection, 'execute'>
  readonly #head: string
  readonly #places: string
  #params: BackupValue[] = []
  #rows = 0
  #bytes = 0

  constructor(
    connection: Pick<TableConnection, 'execute'>,
    table: string,
    columns: readonly string[],
  ) {
    this.#connection = connection
    this.#head = `insert into ${table} (${columns.join(', ')}) values `
    this.#places = `(${columns.map(() => '?').join(', ')})`
  }

  async add(row: readonly BackupValue[]): Promise<void> {
    this.#params.push(...row)
    this.#rows += 1
    for (const value of row) {
      if (value !== null && typeof value !== 'number') this.#bytes += value.length
    }
    if (this.#rows >= GROUP_ROWS || this.#bytes >= GROUP_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    if (this.#rows === 0) return
    const sql = this.#head + Array(this.#rows).fill(this.#places).join(', ')
    const params = this.#params
    this.#params = []
    this.#rows = 0
    this.#bytes = 0
    try {
      await this.#connection.execute({ sql, params })
    } catch (cause) {
      if (cause instanceof Fault || cause instanceof StartupRefusal) throw cause
      // The statement is ours and is known to work: it is the values that this database has no room for.
      throw doesNotFit(reasonOf(cause), cause)
    }
  }
}
