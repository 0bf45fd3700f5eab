import { Fault } from '../../lib/fault.ts'
import type { OnDatabaseEvent } from '../databaseEvent.ts'
import type { Row } from '../statement.ts'
import { DamagedRow } from './column.ts'

/**
 * The record in a row that was looked up. A column of another type was not written by us: that is an
 * alarm like a wrong MAC, and the client learns as little.
 * @throws Fault('corrupted')
 */
export function recordIn<T>(
  row: Row | undefined,
  mapper: (row: Row) => T,
  kind: 'secret' | 'container' | 'order' | 'project-key',
  onEvent: OnDatabaseEvent,
): T | undefined {
  if (row === undefined) return undefined
  try {
    return mapper(row)
  } catch (error) {
    if (!(error instanceof DamagedRow)) throw error
    const id = row['id']
    const shown = id instanceof Uint8Array ? Buffer.from(id).toString('hex') : String(id)
    onEvent({ type: 'damagedRow', kind, id: shown, what: error.message })
    throw new Fault('corrupted', `The stored ${kind} ${shown}: ${error.message}`, { cause: error })
  }
}
