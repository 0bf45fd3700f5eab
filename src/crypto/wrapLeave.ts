import type { ProjectKeyRepository } from '../domain/ports/keyRepositories.ts'
import { isUnavailable } from '../lib/fault.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import { type ActiveTerm, takeWrap } from './activeTerms.ts'
import type { Current, KekStoreInUse } from './kekStoresInUse.ts'
import type { KeyringLimits } from './keyringLimits.ts'
import type { ProjectKey } from './projectKey.ts'
import { cacheName } from './projectKeyCache.ts'

export interface WrapLeaveParts {
  readonly projectKeys: Pick<ProjectKeyRepository, 'reserveWraps'>
  readonly limits: Pick<KeyringLimits, 'wrapBlock' | 'maxWrapsPerTerm'>
  /** Begins the term behind this one, which has wrapped as many DEKs as it may. */
  readonly nextTerm: (store: KekStoreInUse, active: ActiveTerm) => Promise<void>
}

/** Leave to wrap DEKs under project keys, reserved in blocks. */
export class WrapLeave {
  readonly #parts: WrapLeaveParts
  readonly #reservations = new SingleFlight<string, void>()

  constructor(parts: WrapLeaveParts) {
    this.#parts = parts
  }

  /** The key of `first`, or of whatever is current once its leave is used up, with leave for one DEK. */
  async take(first: Current, next: () => Current): Promise<ProjectKey> {
    for (let current = first; ; current = next()) {
      const { store, active, key } = await current
      if (takeWrap(active)) return key
      await this.#reservations.run(cacheName(active.id), () => this.#reserve(store, active))
      if (takeWrap(active)) return key
    }
  }

  /** Counted in the database before the first is used: a crash wastes the rest and never undercounts. */
  async #reserve(store: KekStoreInUse, active: ActiveTerm): Promise<void> {
    const { projectKeys, limits, nextTerm } = this.#parts
    const { wrapBlock, maxWrapsPerTerm } = limits
    const before = await projectKeys.reserveWraps(active.id, wrapBlock).catch((cause) => {
      // Its row may be gone, taken by another node: the next write looks for the one in force.
      if (!isUnavailable(cause)) store.terms.forget(active.projectId)
      throw cause
    })
    const granted = Math.min(wrapBlock, maxWrapsPerTerm - before)
    if (granted > 0) active.wrapsLeft += granted
    else await nextTerm(store, active)
  }
}
