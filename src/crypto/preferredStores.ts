import { LRUCache } from 'lru-cache'
import type { StoreChoice } from '../domain/ports/crypto.ts'
import type { SecretStoreRepository } from '../domain/ports/projectRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { Fault, unavailable } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import type { StorePlan } from '../model/secretStore.ts'
import type { StoreBindings } from '../model/storeBindings.ts'

/** How long a preference that was changed on another node may go unnoticed. */
export const PREFERENCE_TTL_MS = 10_000

export interface PreferredStoresParts {
  readonly plan: StorePlan
  readonly preferences: Pick<SecretStoreRepository, 'preferredBy'>
  readonly bindings: StoreBindings
  /** What the tokens of a project say; undefined: none was seen here. */
  readonly domainOf: (projectId: ProjectId) => string | undefined
  readonly clock: Clock
  readonly maxEntries: number
}

interface Remembered {
  readonly kekStore: string
  readonly freshUntilMs: number
}

/** Which KEK store a project's new records go to: asked once in a while, not once for each write. */
export class PreferredStores implements StoreChoice {
  readonly #plan: StorePlan
  readonly #preferences: Pick<SecretStoreRepository, 'preferredBy'>
  readonly #bindings: StoreBindings
  readonly #domainOf: PreferredStoresParts['domainOf']
  readonly #clock: Clock
  readonly #remembered: LRUCache<ProjectId, Remembered>
  readonly #looks = new SingleFlight<string, string>()
  /** Counts changes: who asks after one does not join a look from before it. */
  #changes = 0

  constructor(parts: PreferredStoresParts) {
    this.#plan = parts.plan
    this.#preferences = parts.preferences
    this.#bindings = parts.bindings
    this.#domainOf = parts.domainOf
    this.#clock = parts.clock
    this.#remembered = new LRUCache({ max: parts.maxEntries })
  }

  of(projectId: ProjectId): string | Promise<string> {
    if (!this.#plan.isEnabled) return this.#plan.globalDefault.kekStore
    const home = this.#bindings.homeOf(projectId, this.#domainOf(projectId))
    if (home === 'unknown') throw domainIsUnknown()
    if (home !== undefined) return home.kekStore
    const remembered = this.#remembered.get(projectId)
    if (remembered !== undefined && this.#clock.monotonicMs() < remembered.freshUntilMs) {
      return remembered.kekStore
    }
    return this.#looks.run(`${this.#changes} ${projectId}`, () => this.#look(projectId))
  }

  whyNoKey(projectId: ProjectId, kekStore: string, hasKeyThere: boolean): string | undefined {
    return this.#bindings.whyNoKey(projectId, this.#domainOf(projectId), kekStore, hasKeyThere)
  }

  forget(projectId: ProjectId): void {
    this.#changes += 1
    this.#remembered.delete(projectId)
  }

  async #look(projectId: ProjectId): Promise<string> {
    const changes = this.#changes
    const sinceMs = this.#clock.monotonicMs()
    const kekStore = await this.#find(projectId)
    if (changes === this.#changes) {
      this.#remembered.set(projectId, { kekStore, freshUntilMs: sinceMs + PREFERENCE_TTL_MS })
    }
    return kekStore
  }

  async #find(projectId: ProjectId): Promise<string> {
    const preferred = await this.#preferences.preferredBy(projectId)
    if (preferred === undefined) return this.#plan.globalDefault.kekStore
    const store = this.#plan.stores.find(({ suffix }) => suffix === preferred.suffix)
    if (store !== undefined && this.#bindings.isBound(store)) throw isOthers()
    if (store !== undefined) return store.kekStore
    // Never another one instead: the project chose where its keys are.
    throw unavailable(
      `The project prefers the secret store ${preferred.suffix}, which this node is not configured for.`,
    )
  }
}

/** It prefers what became somebody's own since: 400, as where Barbican's preferred store cannot serve (contract 08). */
function isOthers(): Fault {
  return new Fault(
    'badRequest',
    'The secret store that this project prefers belongs to others now: prefer another one, or none.',
  )
}

function domainIsUnknown(): Fault {
  return new Fault(
    'forbidden',
    'Secret stores are bound to domains here, and the token does not say which domain its project is in: it can store nothing new.',
  )
}
