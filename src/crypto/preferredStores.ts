import { LRUCache } from 'lru-cache'
import type { StoreChoice } from '../domain/ports/crypto.ts'
import type { SecretStoreRepository } from '../domain/ports/projectRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import { unavailable } from '../lib/fault.ts'
import type { ProjectId } from '../lib/ids.ts'
import { SingleFlight } from '../lib/singleFlight.ts'
import type { StorePlan } from '../model/secretStore.ts'

/** How long a preference that was changed on another node may go unnoticed. */
export const PREFERENCE_TTL_MS = 10_000

export interface PreferredStoresParts {
  readonly plan: StorePlan
  readonly preferences: Pick<SecretStoreRepository, 'preferredBy'>
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
  readonly #clock: Clock
  readonly #remembered: LRUCache<ProjectId, Remembered>
  readonly #looks = new SingleFlight<string, string>()
  /** Counts changes: who asks after one does not join a look from before it. */
  #changes = 0

  constructor(parts: PreferredStoresParts) {
    this.#plan = parts.plan
    this.#preferences = parts.preferences
    this.#clock = parts.clock
    this.#remembered = new LRUCache({ max: parts.maxEntries })
  }

  of(projectId: ProjectId): string | Promise<string> {
    if (!this.#plan.isEnabled) return this.#plan.globalDefault.kekStore
    const remembered = this.#remembered.get(projectId)
    if (remembered !== undefined && this.#clock.monotonicMs() < remembered.freshUntilMs) {
      return remembered.kekStore
    }
    return this.#looks.run(`${this.#changes} ${projectId}`, () => this.#look(projectId))
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
    if (store !== undefined) return store.kekStore
    // Never another one instead: the project chose where its keys are.
    throw unavailable(
      `The project prefers the secret store ${preferred.suffix}, which this node is not configured for.`,
    )
  }
}
