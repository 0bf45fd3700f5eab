import type { ProjectId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { WrappedKey } from './crypto.ts'

export type ProjectKeyState = 'active' | 'decrypt-only' | 'destroying'

/** One term of one project's key in one KEK store, wrapped. */
export interface ProjectKeyRow {
  readonly id: ProjectKeyId
  readonly projectId: ProjectId
  /** Name of the KEK store that wrapped it. */
  readonly store: string
  /** 1, 2, 3, ... */
  readonly term: number
  readonly state: ProjectKeyState
  readonly wrapped: WrappedKey
  /** 32-byte key commitment, checked at every unwrap. */
  readonly commitment: Uint8Array
  readonly createdAt: Timestamp
}

export interface ProjectKeyRepository {
  active(projectId: ProjectId, store: string): Promise<ProjectKeyRow | undefined>
  find(id: ProjectKeyId): Promise<ProjectKeyRow | undefined>
  /**
   * Makes `row` the active key if the project has none with this term or a later one, and turns the
   * previous term decrypt-only; answers the row that is active afterwards (another node's, when it won).
   * A first term (1) is refused with 'orphans' when the project holds secrets or orders and no key in any store:
   * their key's row is gone, which is an alarm and no reason to make a new key. 'deleted': the project
   * is, and its keys were destroyed. `nextTerm`: no term is active there, for the project was moved to another store;
   * only a term of this number can be.
   */
  activate(
    row: ProjectKeyRow,
  ): Promise<ProjectKeyRow | 'orphans' | 'deleted' | { readonly nextTerm: number }>
  /** Reserves `count` DEK wraps in a committed transaction; answers how many were reserved before. */
  reserveWraps(id: ProjectKeyId, count: number): Promise<number>
}

export interface CanaryRow {
  readonly store: string
  readonly wrapped: WrappedKey
  /** Fingerprint of the KEK, to name it when it is missing. */
  readonly fingerprint: string
  readonly createdAt: Timestamp
  /** Since when its KEK opens nothing; left out or null: it does. */
  readonly retiredAt?: Timestamp | null
}

export interface DeploymentState {
  /** 32 lower-case hex digits; undefined before the first start. */
  readonly deploymentId: string | undefined
  readonly canaries: readonly CanaryRow[]
  /** KEK stores that a project key names: from then on nothing of the above is made anew for them, nor the id at all. */
  readonly storesInUse: readonly string[]
}

export interface DeploymentRepository {
  read(): Promise<DeploymentState>
  /** Insert or read, so ten nodes may start at once: answers the id that is in force. Refuses ('holdsProjectKeys') when it is gone beside project keys. */
  establish(deploymentId: string, createdAt: Timestamp): Promise<string | 'holdsProjectKeys'>
  /** Insert or keep what is there (one canary per store and KEK id). */
  addCanary(canary: CanaryRow): Promise<void>
}

/** The later life of canaries. */
export interface CanaryRepository {
  /** Notes since when a KEK is retired, if nothing is noted; null takes it back. */
  retireCanary(store: string, kekId: string, at: Timestamp | null): Promise<void>
  /** false: a project key is under its KEK, and nothing was removed. */
  removeCanary(store: string, kekId: string): Promise<boolean>
}

/** Can the database be read and written? For /readyz; throws Fault('unavailable') with the reason when not. */
export interface DatabaseHealth {
  check(signal: AbortSignal): Promise<void>
}
