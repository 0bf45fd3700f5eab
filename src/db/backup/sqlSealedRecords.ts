import type { SealedRecords } from '../../domain/ports/backup.ts'
import type { ContainerId, OrderId, SecretId } from '../../lib/ids.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { Database } from '../database.ts'
import type { Row } from '../statement.ts'
import { openTables } from './openTables.ts'
import type { TableConnection } from './tableConnection.ts'
import { tablePages } from './tablePages.ts'
import { countRows } from './tableReader.ts'

/** By project first: its key is unwrapped once, however many projects there are. */
const BY_PROJECT = ['project_id', 'created_at', 'id']

/**
 * The records of a database that nobody else is at work on, found by the repositories that serve them.
 * An id that is none of ours leads nowhere, and that is found out then.
 */
export async function openSealedRecords(
  url: string,
  database: Pick<Database, 'secrets' | 'containers' | 'orderTasks'>,
): Promise<SealedRecords & { close(): Promise<void> }> {
  const connection = await openTables(url, 'read')
  const each = <T>(name: string, key: readonly string[], id: (row: Row) => T): AsyncIterable<T> =>
    rowsOf(connection, { name, key, columns: key }, id)
  return {
    count: () =>
      countRows(
        connection,
        ['project_keys', 'secrets', 'containers', 'orders'].map((name) => ({ name })),
      ),
    projectKeys: () => each('project_keys', ['id'], idOfKey),
    secrets: () => each('secrets', BY_PROJECT, (row) => String(row['id']) as SecretId),
    containers: () => each('containers', BY_PROJECT, (row) => String(row['id']) as ContainerId),
    orders: () => each('orders', BY_PROJECT, (row) => String(row['id']) as OrderId),
    orderInput: async (id) => {
      const { rows } = await connection.execute({
        sql: 'select order_tasks.sealed_input from order_tasks where order_tasks.order_id = ?',
        params: [id],
      })
      const input = rows[0]?.['sealed_input'] ?? null
      // What is no bytes was not written by us, and opens as nothing.
      return input === null || input instanceof Uint8Array ? input : new Uint8Array(0)
    },
    secret: (id) => database.secrets.find(id),
    container: (id) => database.containers.find(id),
    order: (id) => database.orderTasks.order(id),
    close: () => connection.close(),
  }
}

function idOfKey(row: Row): ProjectKeyId {
  const id = row['id']
  return (id instanceof Uint8Array ? id : new Uint8Array(0)) as ProjectKeyId
}

async function* rowsOf<T>(
  connection: TableConnection,
  wanted: Parameters<typeof tablePages>[1],
  id: (row: Row) => T,
): AsyncGenerator<T> {
  for await (const page of tablePages(connection, wanted)) yield* page.map(id)
}
