import type { LeaseSeen } from '../../domain/ports/leases.ts'
import type { Dialect } from '../dialect.ts'
import { number, textOrNull } from '../rows/column.ts'
import type { Row, Statements } from '../statement.ts'

/*
 * A lease is a row that its holder changes every few seconds. Whoever sees it stand still for long enough,
 * by a clock of its own that nobody sets, takes it over by changing that same row: no two nodes can, on
 * Galera neither, where the later of two such changes fails its certification.
 */

/** Takes the lease if it is still as it was seen; undefined: it never was there. */
export function* takeLease(
  dialect: Dialect,
  name: string,
  owner: string,
  seen: LeaseSeen | undefined,
): Statements<boolean> {
  if (seen === undefined) {
    const { changes } = yield {
      sql: dialect.insertOrKeep('leases', ['name', 'owner', 'beat']),
      params: [name, owner, 0],
      isAlone: true,
    }
    return changes > 0
  }
  const { changes } = yield {
    sql: 'update leases set owner = ?, beat = beat + 1 where leases.name = ? and leases.beat = ?',
    params: [owner, name, seen.beat],
    isAlone: true,
  }
  return changes > 0
}

/** The holder lives. False: the lease is another's by now. */
export function* beatLease(_dialect: Dialect, name: string, owner: string): Statements<boolean> {
  const { changes } = yield {
    sql: 'update leases set beat = beat + 1 where leases.name = ? and leases.owner = ?',
    params: [name, owner],
    isAlone: true,
  }
  return changes > 0
}

/** Free at once, for whoever looks next. */
export function* releaseLease(_dialect: Dialect, name: string, owner: string): Statements<void> {
  yield {
    sql: 'update leases set owner = null, beat = beat + 1 where leases.name = ? and leases.owner = ?',
    params: [name, owner],
    isAlone: true,
  }
}

export const LEASE = 'select leases.owner, leases.beat from leases where leases.name = ?'

export function leaseSeenIn(row: Row | undefined): LeaseSeen | undefined {
  if (row === undefined) return undefined
  return { owner: textOrNull(row, 'owner'), beat: number(row, 'beat') }
}
