import type { Clock } from '../lib/clock.ts'
import { Fault } from '../lib/fault.ts'
import type { SecretStoreId } from '../lib/ids.ts'
import type { RequestContext } from '../model/requestContext.ts'
import type { SecretStore, StorePlan } from '../model/secretStore.ts'
import type { Policy } from '../policy/policy.ts'
import type { StoreChoice } from './ports/crypto.ts'
import type { SecretStoreRepository, SecretStoreRow } from './ports/projectRepositories.ts'

interface Parts {
  readonly plan: StorePlan
  readonly stores: SecretStoreRepository
  readonly storeChoice: Pick<StoreChoice, 'forget'>
  readonly policy: Policy
  readonly clock: Clock
}

/** Where secrets can be kept, and which place a project prefers for new ones (contract 08). */
export class SecretStores {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** Is it there, whoever asks? @throws Fault('notFound') */
  async lookUp(id: SecretStoreId | undefined): Promise<void> {
    await this.#find(id)
  }

  /** GET /v1/secret-stores, in the order of the configuration. */
  async list(ctx: RequestContext): Promise<readonly SecretStore[]> {
    this.#parts.policy.authorizeProject(ctx, 'secretstores:get')
    return this.#all()
  }

  /** GET /v1/secret-stores/global-default. */
  async globalDefault(ctx: RequestContext): Promise<SecretStore> {
    this.#parts.policy.authorizeProject(ctx, 'secretstores:get_global_default')
    const store = (await this.#all()).find(({ isGlobalDefault }) => isGlobalDefault)
    if (store === undefined) throw notFound()
    return store
  }

  /** GET /v1/secret-stores/preferred. */
  async preferred(ctx: RequestContext): Promise<SecretStore> {
    this.#parts.policy.authorizeProject(ctx, 'secretstores:get_preferred')
    this.#refuseUnlessEnabled()
    const row = await this.#parts.stores.preferredBy(ctx.caller.projectId)
    const store = row && this.#declared(row)
    if (store === undefined) throw preferenceNotFound()
    return store
  }

  /** GET /v1/secret-stores/{id}. */
  async read(ctx: RequestContext, id: SecretStoreId | undefined): Promise<SecretStore> {
    const store = await this.#find(id)
    this.#parts.policy.authorizeProject(ctx, 'secretstore:get')
    return store
  }

  /** POST /v1/secret-stores/{id}/preferred: for new secrets; those that are there stay where they are. */
  async prefer(ctx: RequestContext, id: SecretStoreId | undefined): Promise<void> {
    const { policy, stores, storeChoice, clock } = this.#parts
    const store = await this.#find(id)
    policy.authorizeProject(ctx, 'secretstore_preferred:post')
    const { projectId } = ctx.caller
    const outcome = await stores.prefer(projectId, store.id, clock.now())
    if (outcome === 'gone') throw notFound()
    storeChoice.forget(projectId)
  }

  /** DELETE /v1/secret-stores/{id}/preferred: whichever is preferred, whatever the path names (Q43). */
  async removePreference(ctx: RequestContext, id: SecretStoreId | undefined): Promise<void> {
    const { policy, stores, storeChoice } = this.#parts
    await this.#find(id)
    policy.authorizeProject(ctx, 'secretstore_preferred:delete')
    const { projectId } = ctx.caller
    const outcome = await stores.removePreference(projectId)
    if (outcome === 'absent') throw preferenceNotFound()
    storeChoice.forget(projectId)
  }

  async #all(): Promise<readonly SecretStore[]> {
    this.#refuseUnlessEnabled()
    const rows = await this.#parts.stores.list()
    return this.#parts.plan.stores.flatMap(({ suffix }) => {
      const row = rows.find((it) => it.suffix === suffix)
      return (row && this.#declared(row)) ?? []
    })
  }

  async #find(id: SecretStoreId | undefined): Promise<SecretStore> {
    this.#refuseUnlessEnabled()
    const row = id && (await this.#parts.stores.find(id))
    const store = row && this.#declared(row)
    if (store === undefined) throw notFound()
    return store
  }

  /** undefined: another node is configured for it, this one is not. */
  #declared({ suffix, ...row }: SecretStoreRow): SecretStore | undefined {
    const { plan } = this.#parts
    const declared = plan.stores.find((store) => store.suffix === suffix)
    if (declared === undefined) return undefined
    // What this node does counts, not what another one's configuration said last.
    return { ...row, ...declared, isGlobalDefault: suffix === plan.globalDefault.suffix }
  }

  #refuseUnlessEnabled(): void {
    if (this.#parts.plan.isEnabled) return
    throw new Fault('notFound', 'Several secret stores are not enabled in this deployment.')
  }
}

function notFound(): Fault {
  return new Fault('notFound', 'Secret store not found.')
}

function preferenceNotFound(): Fault {
  return new Fault(
    'notFound',
    'This project prefers no secret store: new secrets go to the global default.',
  )
}
