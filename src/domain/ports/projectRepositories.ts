import type { ProjectId, SecretId, SecretStoreId, TransportKeyId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Page, PageRequest } from '../../model/page.ts'
import type { ProjectQuotas, QuotaResource } from '../../model/quota.ts'
import type { TransportKey } from '../../model/transportKey.ts'

export interface QuotaRepository {
  find(projectId: ProjectId): Promise<ProjectQuotas | undefined>
  /** By creation, then project. */
  list(page: PageRequest): Promise<Page<ProjectQuotas>>
  /** Sets those that are given and keeps the others; makes the project's row when there is none. */
  set(
    projectId: ProjectId,
    given: Readonly<Partial<Record<QuotaResource, number>>>,
    now: Timestamp,
  ): Promise<void>
  remove(projectId: ProjectId): Promise<'changed' | 'gone'>
}

export interface TransportKeyQuery extends PageRequest {
  readonly pluginName?: string
}

export interface TransportKeyRepository {
  insert(key: TransportKey): Promise<void>
  find(id: TransportKeyId): Promise<TransportKey | undefined>
  /** By creation, then id. */
  list(query: TransportKeyQuery): Promise<Page<TransportKey>>
  remove(id: TransportKeyId): Promise<'changed' | 'gone'>
}

/** What only waits to be forgotten. Each change is small: nobody should wait behind a purge. */
export interface PurgeRepository {
  countExpired(before: Timestamp): Promise<number>
  /** Secrets that expired at or before this time, the longest expired first, the first `skipped` of them left out. */
  expired(before: Timestamp, page: { limit: number; skipped: number }): Promise<readonly SecretId[]>
  /**
   * Removes secrets whose MAC is still the verified one, as SecretRepository.remove does, all in one
   * transaction; answers how many those were.
   */
  removeSecrets(
    secrets: readonly { readonly id: SecretId; readonly rowMac: Uint8Array }[],
    deletedAt: Timestamp,
  ): Promise<number>
  countTombstones(before: Timestamp): Promise<number>
  /** Removes at most `limit` tombstones of what was deleted at or before this time; answers how many. */
  removeTombstones(before: Timestamp, limit: number): Promise<number>
}

/** What the database keeps of a secret store; the rest is the configuration's. */
export interface SecretStoreRow {
  readonly id: SecretStoreId
  readonly suffix: string
  readonly isGlobalDefault: boolean
  readonly createdAt: Timestamp
  /** When the global default came or went. */
  readonly updatedAt: Timestamp
}

/** A secret store that left the configuration although projects prefer it. */
export interface OrphanedStore {
  readonly suffix: string
  readonly projects: number
}

export interface SecretStoreRepository {
  list(): Promise<readonly SecretStoreRow[]>
  find(id: SecretStoreId): Promise<SecretStoreRow | undefined>
  /** What the project prefers. */
  preferredBy(projectId: ProjectId): Promise<SecretStoreRow | undefined>
  /** Sets or replaces. 'gone': there is no such store (any more). */
  prefer(projectId: ProjectId, id: SecretStoreId, now: Timestamp): Promise<'changed' | 'gone'>
  /** 'absent': it preferred none. */
  removePreference(projectId: ProjectId): Promise<'changed' | 'absent'>
  /**
   * Makes the table say what the configuration says: rows of new suffixes are inserted (ids that are
   * there stay), `isGlobalDefault` follows, vanished suffixes go. When projects prefer one that vanished,
   * nothing is changed and it is named instead. Ten nodes may do this at once.
   */
  synchronize(
    declared: readonly Omit<SecretStoreRow, 'updatedAt'>[],
  ): Promise<readonly OrphanedStore[]>
}
