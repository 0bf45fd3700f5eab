import { Fault } from '../lib/fault.ts'
import type { ContainerId, OrderId, SecretId } from '../lib/ids.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import type { SealProof } from './ports/backup.ts'
import type { Integrity } from './ports/crypto.ts'
import type { RecordKind, RecordPlace, StoredRecords } from './ports/storedRecords.ts'

interface ProofParts {
  readonly records: StoredRecords
  readonly integrity: Integrity
  readonly proof: SealProof
}

export interface VerifyRecordsParts extends ProofParts {
  readonly places: AsyncIterable<RecordPlace> | Iterable<RecordPlace>
  /** Awaited behind each; what it throws ends the walk. */
  readonly onRecord: (place: RecordPlace) => Promise<void>
  /** What is not as it was written, in a sentence. */
  readonly onDamage: (place: RecordPlace, what: string) => void
}

export interface VerifiedRecords {
  readonly opened: Readonly<Record<RecordKind, number>>
  /** Deleted between being found and being read. */
  readonly gone: number
  readonly damaged: number
}

/** Unwraps project keys, checks row MACs, opens envelopes, beside whoever writes. Goes on after damage. */
export async function verifyRecords(parts: VerifyRecordsParts): Promise<VerifiedRecords> {
  const { places, onRecord, onDamage } = parts
  const opened = { 'project-key': 0, secret: 0, container: 0, order: 0 }
  let [gone, damaged] = [0, 0]
  for await (const place of places) {
    const outcome = await outcomeOf(parts, place)
    if (outcome === 'opened') opened[place.kind] += 1
    else if (outcome === 'gone') gone += 1
    else {
      damaged += 1
      onDamage(place, outcome.what)
    }
    await onRecord(place)
  }
  return { opened, gone, damaged }
}

type Outcome = 'opened' | 'gone' | { readonly what: string }

async function outcomeOf(parts: ProofParts, place: RecordPlace): Promise<Outcome> {
  const first = await attempt(parts, place)
  // Its project may have ended between the record and its key: what is still so a moment later is so.
  return typeof first === 'string' ? first : attempt(parts, place)
}

async function attempt(parts: ProofParts, place: RecordPlace): Promise<Outcome> {
  try {
    return await PROVE[place.kind](parts, place)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    // The keys of its project are destroyed.
    if (error.kind === 'notFound') return 'gone'
    if (error.kind !== 'corrupted') throw error
    return (await parts.records.isThere(place)) ? { what: error.message } : 'gone'
  }
}

const PROVE: Readonly<
  Record<RecordKind, (parts: ProofParts, place: RecordPlace) => Promise<'opened' | 'gone'>>
> = {
  async 'project-key'({ proof }, { id }) {
    await proof.projectKey(Buffer.from(id, 'hex') as Uint8Array as ProjectKeyId)
    return 'opened'
  },
  async secret({ records, integrity, proof }, place) {
    const secret = await integrity.verified(await records.secret(place.id as SecretId))
    if (secret === undefined) return missing(records, place)
    await proof.payload(secret)
    return 'opened'
  },
  async container({ records, integrity }, place) {
    const container = await integrity.verified(await records.container(place.id as ContainerId))
    return container === undefined ? missing(records, place) : 'opened'
  },
  async order({ records, integrity, proof }, place) {
    const order = await integrity.verified(await records.order(place.id as OrderId))
    if (order === undefined) return missing(records, place)
    const input = await records.orderInput(order.id)
    if (input !== null) await proof.orderInput(order, input)
    return 'opened'
  },
}

/** Nothing by its id: it was deleted, or its id does not lead to it. */
async function missing(records: StoredRecords, place: RecordPlace): Promise<'gone'> {
  if (!(await records.isThere(place))) return 'gone'
  throw new Fault('corrupted', `The stored ${place.kind} ${place.id} is not found by its id.`)
}
