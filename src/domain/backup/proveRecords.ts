import { Fault } from '../../lib/fault.ts'
import type { ProtectedRecord, Stored } from '../../model/record.ts'
import type { SealedRecords, SealProof } from '../ports/backup.ts'
import type { Integrity } from '../ports/crypto.ts'

export interface ProveRecordsParts {
  readonly records: SealedRecords
  readonly integrity: Integrity
  readonly proof: SealProof
  readonly onRecord: () => void
  /** What is not as it was written, in a sentence. */
  readonly onDamage: (what: string) => void
}

export interface ProvenRecords {
  readonly projectKeys: number
  readonly secrets: number
  readonly containers: number
  readonly orders: number
  readonly damaged: number
}

/** Unwraps every project key, checks every row MAC, opens every envelope. Goes on after damage. */
export async function proveRecords(parts: ProveRecordsParts): Promise<ProvenRecords> {
  const { records, integrity, proof, onRecord, onDamage } = parts
  let damaged = 0
  const prove = async <Id>(ids: AsyncIterable<Id>, one: (id: Id) => Promise<void>) => {
    let count = 0
    for await (const id of ids) {
      count += 1
      try {
        await one(id)
      } catch (error) {
        if (!(error instanceof Fault) || error.kind !== 'corrupted') throw error
        damaged += 1
        onDamage(error.message)
      }
      onRecord()
    }
    return count
  }
  const verified = async <T extends ProtectedRecord>(id: string, found: Stored<T> | undefined) =>
    (await integrity.verified(found)) ?? Promise.reject(notFound(id))

  const projectKeys = await prove(records.projectKeys(), (id) => proof.projectKey(id))
  const secrets = await prove(records.secrets(), async (id) => {
    await proof.payload(await verified(id, await records.secret(id)))
  })
  const containers = await prove(records.containers(), async (id) => {
    await verified(id, await records.container(id))
  })
  const orders = await prove(records.orders(), async (id) => {
    const order = await verified(id, await records.order(id))
    const input = await records.orderInput(id)
    if (input !== null) await proof.orderInput(order, input)
  })
  return { projectKeys, secrets, containers, orders, damaged }
}

/** A row that its own id does not lead to. */
function notFound(id: string): Fault {
  return new Fault('corrupted', `The stored record ${id} is not found by its id.`)
}
