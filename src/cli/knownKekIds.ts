import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'

/** What openers of stores are told, as far as these need it. */
export interface AroundStores {
  readonly deployment: Pick<DeploymentState, 'canaries'> | undefined
  readonly clock: Clock
}

/** KEKs of this store of which the database has a canary. */
export function knownKekIds(
  store: string,
  deployment: AroundStores['deployment'],
): readonly string[] {
  const canaries = deployment?.canaries ?? []
  return canaries.filter((canary) => canary.store === store).map(({ wrapped }) => wrapped.kekId)
}
