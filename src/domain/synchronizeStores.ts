import type { Clock } from '../lib/clock.ts'
import { newSecretStoreId } from '../lib/ids.ts'
import { StartupRefusal } from '../lib/startupRefusal.ts'
import type { StorePlan } from '../model/secretStore.ts'
import type { SecretStoreRepository } from './ports/projectRepositories.ts'

interface Parts {
  readonly plan: StorePlan
  readonly stores: Pick<SecretStoreRepository, 'synchronize'>
  readonly clock: Clock
}

/**
 * Gives every declared secret store its id, the same on all nodes and for all time, and takes those away
 * that nobody declares. Without several stores the table rests: ids and preferences count again later.
 * @throws StartupRefusal when projects prefer one that is no longer declared
 */
export async function synchronizeStores({ plan, stores, clock }: Parts): Promise<void> {
  if (!plan.isEnabled) return
  const createdAt = clock.now()
  const orphaned = await stores.synchronize(
    plan.stores.map(({ suffix }) => ({
      id: newSecretStoreId(),
      suffix,
      isGlobalDefault: suffix === plan.globalDefault.suffix,
      createdAt,
    })),
  )
  if (orphaned.length === 0) return
  const named = orphaned.map(
    ({ suffix, projects }) =>
      `${suffix} (preferred by ${projects} project${projects === 1 ? '' : 's'})`,
  )
  throw new StartupRefusal(
    `Projects prefer secret stores that [secretstore] stores_lookup_suffix no longer names: ${named.join(', ')}. Put them back, have the projects prefer another or none, then take them out.`,
  )
}
