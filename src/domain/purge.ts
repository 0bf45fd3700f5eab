import type { Clock } from '../lib/clock.ts'
import { Fault, isUnavailable } from '../lib/fault.ts'
import type { SecretId } from '../lib/ids.ts'
import { type Timestamp, timestampFromMicros } from '../lib/timestamp.ts'
import type { Verified } from '../model/record.ts'
import { isExpired, type Secret } from '../model/secret.ts'
import type { Integrity } from './ports/crypto.ts'
import type { PurgeRepository } from './ports/projectRepositories.ts'
import type { SecretRepository } from './ports/secretRepositories.ts'

interface Parts {
  readonly secrets: Pick<SecretRepository, 'find'>
  readonly purge: PurgeRepository
  readonly integrity: Integrity
  readonly clock: Clock
}

export interface PurgeOrder {
  /** What ended at or before this time goes. */
  readonly before: Timestamp
  /** How many rows share a transaction: nobody waits longer than one of them takes. */
  readonly batchSize: number
  /** Called between two batches; false ends the purge. */
  readonly goesOn: () => Promise<boolean>
  readonly onBatch?: (soFar: Purged) => void
}

export interface Purged {
  readonly removed: number
  /** Secrets that are not as they were written: an alarm was raised, and they stay for who looks into it. */
  readonly damaged: number
  /** Secrets that stay until next time, for their KEK store is away or sealed: others need not wait for it. */
  readonly waiting: number
}

export const NOTHING_PURGED: Purged = { removed: 0, damaged: 0, waiting: 0 }

/** An expired secret that stays, and why; 'gone' does not. */
type Staying = 'damaged' | 'waiting' | 'leaving'

/**
 * The end of expired secrets, which nobody can ask for any more: removed as DELETE does, data keys
 * destroyed, tombstones left.
 */
export class SecretPurge {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** An expiry that somebody wrote into the database is no reason to destroy anything: records are verified first. */
  async run({ before, batchSize, goesOn, onBatch }: PurgeOrder): Promise<Purged> {
    const { purge, clock } = this.#parts
    let removed = 0
    let skipped = 0
    const staying = { damaged: 0, waiting: 0, leaving: 0 }
    for (;;) {
      const ids = await purge.expired(before, { limit: batchSize, skipped })
      const found = await Promise.all(ids.map((id) => this.#expired(id, before)))
      const sound = found
        .filter((it) => typeof it !== 'string')
        .map(({ id, rowMac }) => ({ id, rowMac }))
      const gone = sound.length === 0 ? 0 : await purge.removeSecrets(sound, clock.now())
      removed += gone
      for (const it of found) {
        if (typeof it !== 'string' || it === 'gone') continue
        staying[it] += 1
        // It would stand at the front of the next batch again; what another node removed does not.
        skipped += 1
      }
      const { damaged, waiting } = staying
      const soFar = { removed, damaged, waiting }
      onBatch?.(soFar)
      if (ids.length < batchSize || !(await goesOn())) return soFar
    }
  }

  async #expired(id: SecretId, before: Timestamp): Promise<Verified<Secret> | Staying | 'gone'> {
    const { secrets, integrity } = this.#parts
    try {
      const found = await secrets.find(id)
      const secret = await integrity.verified(found).catch(waitingIfAway)
      if (secret === 'waiting' || secret === undefined) return secret ?? 'gone'
      return isExpired(secret, before) ? secret : 'gone'
    } catch (error) {
      if (error instanceof Fault && error.kind === 'corrupted') return 'damaged'
      // Its project was deleted: it goes with that.
      if (error instanceof Fault && error.kind === 'notFound') return 'leaving'
      throw error
    }
  }
}

/** The end of what tells that a record was once here. Needs no key. */
export class TombstonePurge {
  readonly #purge: Pick<PurgeRepository, 'removeTombstones'>

  constructor(purge: Pick<PurgeRepository, 'removeTombstones'>) {
    this.#purge = purge
  }

  async run({ before, batchSize, goesOn, onBatch }: PurgeOrder): Promise<Purged> {
    let removed = 0
    for (;;) {
      const gone = await this.#purge.removeTombstones(before, batchSize)
      removed += gone
      const soFar = { ...NOTHING_PURGED, removed }
      onBatch?.(soFar)
      if (gone < batchSize || !(await goesOn())) return soFar
    }
  }
}

/** A database that is away ends the run with the next question to it. */
function waitingIfAway(cause: unknown): 'waiting' {
  if (isUnavailable(cause)) return 'waiting'
  throw cause
}

export function timeBefore(clock: Clock, seconds: number): Timestamp {
  const micros = clock.epochMs() * 1000 - seconds * 1_000_000
  return seconds === 0 ? clock.now() : timestampFromMicros(micros)
}
