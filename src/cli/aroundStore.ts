import type { KeyringEvent } from '../crypto/keyringEvent.ts'
import type { DeploymentState } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import type { Asking } from './shareInput.ts'

/** What openers of KEK stores are told. */
export interface AroundStore {
  /** Who is asked for the shares of a sealed keyring; undefined: it opens sealed, as in a server. */
  readonly asking?: Asking
  /** What the database says; undefined while there is none. */
  readonly deployment: Pick<DeploymentState, 'canaries' | 'storesInUse'> | undefined
  /** Only a server that starts makes what is missing. */
  readonly mayCreate: boolean
  readonly clock: Clock
  readonly onEvent?: (event: KeyringEvent) => void
}
