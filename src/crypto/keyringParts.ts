import type { Alarms, KekStore, StoreChoice } from '../domain/ports/crypto.ts'
import type { ProjectKeyRepository } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import type { KeyringEvent } from './keyringEvent.ts'
import type { KeyringLimits } from './keyringLimits.ts'

export interface KeyringParts {
  readonly kekStores: readonly KekStore[]
  /** Without `whyNoKey`, every KEK store may have keys of every project. */
  readonly storeChoice: Pick<StoreChoice, 'of'> & Partial<Pick<StoreChoice, 'whyNoKey'>>
  readonly projectKeys: ProjectKeyRepository
  readonly deploymentId: string
  readonly clock: Clock
  readonly alarms: Alarms
  readonly limits: KeyringLimits
  readonly random?: (bytes: number) => Buffer
  readonly onEvent?: (event: KeyringEvent) => void
}
