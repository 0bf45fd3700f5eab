import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
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
}

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
    let damaged = 0
    let skipped = 0
    for (;;) {
      const ids = await purge.expired(before, { limit: batchSize, skipped })
      const found = await Promise.all(ids.map((id) => this.#expired(id, before)))
      const sound = found
        .filter((it) => typeof it !== 'string')
        .map(({ id, rowMac }) => ({ id, rowMac }))
      const gone = sound.length === 0 ? 0 : await purge.removeSecrets(sound, clock.now())
      removed += gone
      const staying = found.filter((it) => it === 'damaged' || it === 'leaving')
      damaged += staying.filter((it) => it === 'damaged').length
      // What stays would stand at the front of the next batch again; what another node removed does not stay.
      skipped += staying.length
      onBatch?.({ removed, damaged })
      if (ids.length < batchSize || !(await goesOn())) return { removed, damaged }
    }
  }

  async #expired(
    id: SecretId,
    before: Timestamp,
  ): Promise<Verified<Secret> | 'damaged' | 'gone' | 'leaving'> {
    const { secrets, integrity } = this.#parts
    try {
      const secret = await integrity.verified(await secrets.find(id))
      return secret !== undefined && isExpired(secret, before) ? secret : 'gone'
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
      onBatch?.({ removed, damaged: 0 })
      if (gone < batchSize || !(await goesOn())) return { removed, damaged: 0 }
    }
  }
}

export function timeBefore(clock: Clock, seconds: number): Timestamp {
  const micros = clock.epochMs() * 1000 - seconds * 1_000_000
  return seconds === 0 ? clock.now() : timestampFromMicros(micros)
}
