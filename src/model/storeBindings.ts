import type { ProjectId } from '../lib/ids.ts'
import type { DeclaredStore, StorePlan } from './secretStore.ts'

/** 'unknown': stores are bound to domains, and nobody has said which one this project is in. */
export type Home = DeclaredStore | 'unknown' | undefined

/**
 * Which secret stores belong to whom (ADR 0057). The configuration alone says it; the domain of a project is what its
 * tokens say. Where there is no token, a key that the project has in a store of its domain shows the same, for only a
 * token could have had it made, and nobody without the KEK makes one that opens.
 */
export class StoreBindings {
  readonly #byProject = new Map<string, DeclaredStore>()
  readonly #byDomain = new Map<string, DeclaredStore>()
  readonly #bound = new Map<string, DeclaredStore>()

  constructor({ stores }: Pick<StorePlan, 'stores'>) {
    for (const store of stores) {
      if (store.boundTo === undefined) continue
      this.#bound.set(store.kekStore, store)
      for (const project of store.boundTo.projects) this.#byProject.set(project, store)
      for (const domain of store.boundTo.domains) this.#byDomain.set(domain, store)
    }
  }

  get haveDomains(): boolean {
    return this.#byDomain.size > 0
  }

  isBound({ kekStore }: Pick<DeclaredStore, 'kekStore'>): boolean {
    return this.#bound.has(kekStore)
  }

  /** Where all that is new of a project goes, whatever it prefers; undefined: it is bound to no store. */
  homeOf(projectId: ProjectId, domainId: string | null | undefined): Home {
    const own = this.#byProject.get(projectId)
    if (own !== undefined || !this.haveDomains) return own
    return domainId === null || domainId === undefined ? 'unknown' : this.#byDomain.get(domainId)
  }

  /** Why no new key of a project may be made in a KEK store; undefined: it may. */
  whyNoKey(
    projectId: ProjectId,
    domainId: string | undefined,
    kekStore: string,
    hasKeyThere: boolean,
  ): string | undefined {
    const home = this.homeOf(projectId, domainId)
    if (home === 'unknown' || home === undefined) {
      const isLetIn = home === 'unknown' && hasKeyThere && this.#isOfDomains(kekStore)
      return isLetIn || !this.#bound.has(kekStore)
        ? undefined
        : `KEK store ${kekStore} is bound to others than project ${projectId}`
    }
    return home.kekStore === kekStore
      ? undefined
      : `project ${projectId} is bound to the secret store ${home.suffix}`
  }

  /**
   * Why a project may not be moved to a KEK store; undefined: it may. Nobody's token is at hand, so of domains its keys
   * speak: one in a store of a domain lets it in there, and out of it nowhere.
   */
  whyNotMoved(
    projectId: ProjectId,
    storesOfItsKeys: readonly string[],
    toStore: string,
  ): string | undefined {
    const own = this.#byProject.get(projectId)
    if (own !== undefined) {
      return own.kekStore === toStore
        ? undefined
        : `Project ${projectId} is bound to the secret store ${own.suffix}.`
    }
    const target = this.#bound.get(toStore)
    if (target !== undefined) {
      if (this.#isOfDomains(toStore) && storesOfItsKeys.includes(toStore)) return undefined
      return `The secret store ${target.suffix} is bound, and project ${projectId} is none of its projects; one of a bound domain has to store something there first, or is named in \`projects\`.`
    }
    const home = storesOfItsKeys.find((name) => this.#isOfDomains(name))
    if (home === undefined) return undefined
    return `Project ${projectId} has keys in the secret store ${this.#bound.get(home)?.suffix}, which is bound to domains: nothing is moved out of it.`
  }

  #isOfDomains(kekStore: string): boolean {
    const domains = this.#bound.get(kekStore)?.boundTo?.domains ?? []
    return domains.length > 0
  }
}
