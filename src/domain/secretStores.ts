import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { SecretStoreId } from '../lib/ids.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { DeclaredStore, SecretStore, StorePlan } from '../model/secretStore.ts'
import type { StoreBindings } from '../model/storeBindings.ts'
import type { Policy } from '../policy/policy.ts'
import type { StoreChoice } from './ports/crypto.ts'
import type { SecretStoreRepository, SecretStoreRow } from './ports/projectRepositories.ts'

interface Parts {
  readonly plan: StorePlan
  readonly bindings: StoreBindings
  readonly stores: SecretStoreRepository
  readonly storeChoice: Pick<StoreChoice, 'forget'>
  readonly policy: Policy
  readonly clock: Clock
}

/**
 * Where secrets can be kept, and which place a project prefers for new ones (contract 08). To a project that is bound to
 * a store, that one is all there is, and its global default; to all others it does not exist (ADR 0057).
 */
export class SecretStores {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Is it there, whatever the caller may do? @throws Fault('notFound') */
  async lookUp(ctx: RequestContext, id: SecretStoreId | undefined): Promise<void> {
    await this.#find(ctx, id)
  }

  /** GET /v1/secret-stores, in the order of the configuration. */
  async list(ctx: RequestContext): Promise<readonly SecretStore[]> {
    this.#parts.policy.authorizeProject(ctx, 'secretstores:get')
    return this.#all(ctx)
  }

  /** GET /v1/secret-stores/global-default. */
  async globalDefault(ctx: RequestContext): Promise<SecretStore> {
    this.#parts.policy.authorizeProject(ctx, 'secretstores:get_global_default')
    const store = (await this.#all(ctx)).find(({ isGlobalDefault }) => isGlobalDefault)
    if (store === undefined) throw notFound()
    return store
  }

  /** GET /v1/secret-stores/preferred. */
  async preferred(ctx: RequestContext): Promise<SecretStore> {
    this.#parts.policy.authorizeProject(ctx, 'secretstores:get_preferred')
    this.#refuseUnlessEnabled()
    const row = await this.#parts.stores.preferredBy(ctx.caller.projectId)
    const store = row && this.#declared(row, this.#home(ctx))
    if (store === undefined) throw preferenceNotFound()
    return store
  }

  /** GET /v1/secret-stores/{id}. */
  async read(ctx: RequestContext, id: SecretStoreId | undefined): Promise<SecretStore> {
    const store = await this.#find(ctx, id)
    this.#parts.policy.authorizeProject(ctx, 'secretstore:get')
    return store
  }

  /** POST /v1/secret-stores/{id}/preferred: for new secrets; those that are there stay where they are. */
  async prefer(ctx: RequestContext, id: SecretStoreId | undefined): Promise<void> {
    const { policy, stores, storeChoice, clock } = this.#parts
    const store = await this.#find(ctx, id)
    policy.authorizeProject(ctx, 'secretstore_preferred:post')
    const { projectId } = ctx.caller
    const outcome = await stores.prefer(projectId, store.id, clock.now())
    if (outcome === 'gone') throw notFound()
    storeChoice.forget(projectId)
  }

  /** DELETE /v1/secret-stores/{id}/preferred: whichever is preferred, whatever the path names (Q43). */
  async removePreference(ctx: RequestContext, id: SecretStoreId | undefined): Promise<void> {
    const { policy, stores, storeChoice } = this.#parts
    await this.#find(ctx, id)
    policy.authorizeProject(ctx, 'secretstore_preferred:delete')
    const { projectId } = ctx.caller
    const outcome = await stores.removePreference(projectId)
    if (outcome === 'absent') throw preferenceNotFound()
    storeChoice.forget(projectId)
  }

  async #all(ctx: RequestContext): Promise<readonly SecretStore[]> {
    this.#refuseUnlessEnabled()
    const rows = await this.#parts.stores.list()
    const home = this.#home(ctx)
    return this.#parts.plan.stores.flatMap(({ suffix }) => {
      const row = rows.find((it) => it.suffix === suffix)
      return (row && this.#declared(row, home)) ?? []
    })
  }

  async #find(ctx: RequestContext, id: SecretStoreId | undefined): Promise<SecretStore> {
    this.#refuseUnlessEnabled()
    const row = id && (await this.#parts.stores.find(id))
    const home = this.#home(ctx)
    const store = row && this.#declared(row, home)
    if (store !== undefined) return store
    throw home === undefined ? notFound() : isBoundTo(home)
  }

  /** The store that the caller's project is bound to. */
  #home({ caller }: RequestContext): DeclaredStore | undefined {
    const home = this.#parts.bindings.homeOf(caller.projectId, caller.projectDomainId)
    return home === 'unknown' ? undefined : home
  }

  /** undefined: it is not the caller's to see, or another node is configured for it and this one is not. */
  #declared(
    { suffix, ...row }: SecretStoreRow,
    home: DeclaredStore | undefined,
  ): SecretStore | undefined {
    const { plan, bindings } = this.#parts
    const declared = plan.stores.find((store) => store.suffix === suffix)
    if (declared === undefined) return undefined
    const isSeen = home === undefined ? !bindings.isBound(declared) : declared === home
    if (!isSeen) return undefined
    // What this node does counts, not what another one's configuration said last.
    const isGlobalDefault = declared === home || suffix === plan.globalDefault.suffix
    return { ...row, ...declared, isGlobalDefault }
  }

  #refuseUnlessEnabled(): void {
    if (this.#parts.plan.isEnabled) return
    throw new Fault('notFound', 'Several secret stores are not enabled in this deployment.')
  }
}

function notFound(): Fault {
  return new Fault('notFound', 'Secret store not found.')
}

function isBoundTo({ name }: DeclaredStore): Fault {
  return new Fault(
    'notFound',
    `Secret store not found: the operator has bound this project to the store ${name}, where all that is new goes.`,
  )
}

function preferenceNotFound(): Fault {
  return new Fault(
    'notFound',
    'This project prefers no secret store: new secrets go to the global default.',
  )
}
