import { randomUUID } from 'node:crypto'

/** A name nobody else has, for whoever holds a lease. */
export function newOwnerName(): string {
  return randomUUID()
}
