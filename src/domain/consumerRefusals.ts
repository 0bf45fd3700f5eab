import { Fault } from '../lib/fault.ts'
import type { ConsumerId } from '../lib/ids.ts'

/* What consumers of secrets and of containers are refused with, in the same words. */

export function consumerIdOrRefuse(id: ConsumerId | undefined): ConsumerId {
  if (id !== undefined) return id
  throw new Fault('notFound', 'Provided consumer id is invalid. A lower-case UUID is wanted.')
}

/** Barbican's words: Octavia shows them to its operators as they are. */
export function consumerNotFound(): Fault {
  return new Fault('notFound', 'Consumer not found.')
}

export function foreignConsumer(parent: 'secret' | 'container'): Fault {
  return new Fault(
    'forbidden',
    `Another project registered this consumer: it and the project of the ${parent} may remove it.`,
  )
}
