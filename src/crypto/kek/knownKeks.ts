import type { KnownKek } from '../../domain/ports/kekChanges.ts'
import type { CanaryRow } from '../../domain/ports/keyRepositories.ts'

/** KEKs of this store of which the database has a canary. */
export function knownKeks(store: string, canaries: readonly CanaryRow[] = []): readonly KnownKek[] {
  return canaries
    .filter((canary) => canary.store === store)
    .map(({ wrapped, retiredAt = null }) => ({ id: wrapped.kekId, isRetired: retiredAt !== null }))
}
