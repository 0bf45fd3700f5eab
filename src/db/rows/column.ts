import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Row } from '../statement.ts'

/*
 * The decoders of single columns. The schema promises what they check; SQLite alone does not hold a
 * column to its type, so a row written by hand must not travel on under a false one.
 */

export function text(row: Row, column: string): string {
  const value = row[column]
  if (typeof value !== 'string') throw wrongType(column, 'text')
  return value
}

export function textOrNull(row: Row, column: string): string | null {
  return row[column] === null ? null : text(row, column)
}

export function number(row: Row, column: string): number {
  const value = row[column]
  if (typeof value !== 'number') throw wrongType(column, 'a number')
  return value
}

export function numberOrNull(row: Row, column: string): number | null {
  return row[column] === null ? null : number(row, column)
}

export function bytes(row: Row, column: string): Uint8Array {
  const value = row[column]
  if (!(value instanceof Uint8Array)) throw wrongType(column, 'binary')
  return value
}

export function bytesOrNull(row: Row, column: string): Uint8Array | null {
  return row[column] === null ? null : bytes(row, column)
}

export function time(row: Row, column: string): Timestamp {
  return text(row, column) as Timestamp
}

export function timeOrNull(row: Row, column: string): Timestamp | null {
  return textOrNull(row, column) as Timestamp | null
}

export function projectIdIn(row: Row): ProjectId {
  return text(row, 'project_id') as ProjectId
}

/** A column holds what we never write there. */
export class DamagedRow extends Error {}

function wrongType(column: string, wanted: string): DamagedRow {
  return new DamagedRow(`the column ${column} holds something else than ${wanted}`)
}
