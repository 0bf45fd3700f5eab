import type { KekStore } from '../domain/ports/crypto.ts'
import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import { type ActiveTerm, ActiveTerms, type ActiveTermsParts } from './activeTerms.ts'
import { KekCalls, type KekCallsParts } from './kekCalls.ts'
import type { ProjectKey } from './projectKey.ts'

/** A KEK store as the keyring uses it. What one of them suffers is nothing to the others. */
export interface KekStoreInUse {
  readonly name: string
  readonly calls: KekCalls
  /** Which key each project seals under there. */
  readonly terms: ActiveTerms
  readonly renewals: SingleFlight<ProjectId, Active>
}

/** The key that new records of a project are protected under, and where it comes from. */
export interface Active {
  readonly store: KekStoreInUse
  readonly active: ActiveTerm
  readonly key: ProjectKey
}

/** At hand, or on its way. */
export type Current = Active | Promise<Active>

export interface KekStoresInUseParts {
  readonly kekStores: readonly KekStore[]
  readonly clock: Clock
  readonly limits: Omit<ActiveTermsParts, 'clock'> & { readonly kekTimeoutMs: number }
  readonly onEvent: KekCallsParts['onEvent']
}

/** All KEK stores of this process, by name. */
export class KekStoresInUse {
  readonly #stores: ReadonlyMap<string, KekStoreInUse>

  constructor({ kekStores, clock, limits, onEvent }: KekStoresInUseParts) {
    this.#stores = new Map(
      kekStores.map((kekStore) => [
        kekStore.name,
        {
          name: kekStore.name,
          calls: new KekCalls({ kekStore, clock, timeoutMs: limits.kekTimeoutMs, onEvent }),
          terms: new ActiveTerms({ clock, ...limits }),
          renewals: new SingleFlight<ProjectId, Active>(),
        },
      ]),
    )
    if (this.#stores.size !== kekStores.length) throw new Error('Two KEK stores have one name.')
  }

  named(name: string): KekStoreInUse | undefined {
    return this.#stores.get(name)
  }

  /** One that is known to be here. */
  present(name: string): KekStoreInUse {
    const store = this.#stores.get(name)
    if (store === undefined) throw new Error(`There is no KEK store ${name}.`)
    return store
  }

  [Symbol.iterator](): Iterator<KekStoreInUse> {
    return this.#stores.values()
  }
}
