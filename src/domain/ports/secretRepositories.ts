import type { ConsumerId, ProjectId, SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { PayloadFacts } from '../../model/certificateFacts.ts'
import type { Page, PageRequest } from '../../model/page.ts'
import type { Stored } from '../../model/record.ts'
import type { Secret, SecretFacts, SecretSummary } from '../../model/secret.ts'
import type { SecretConsumer, SecretConsumerName } from '../../model/secretConsumer.ts'
import type { Changed, QuotaReached } from './changes.ts'

export type DateOperator = 'eq' | 'gt' | 'gte' | 'lt' | 'lte'

export interface DateCondition {
  readonly operator: DateOperator
  readonly at: Timestamp
}

export const SECRET_SORT_KEYS = [
  'algorithm',
  'bit_length',
  'created',
  'expiration',
  'mode',
  'name',
  'secret_type',
  'status',
  'updated',
] as const

export type SecretSortKey = (typeof SECRET_SORT_KEYS)[number]

export interface SecretFilter {
  /** LIKE patterns (`%` and `_` are wildcards, no escape), compared case-folded (Q54). */
  readonly name?: string
  readonly algorithm?: string
  readonly mode?: string
  readonly bitLength?: number
  /** Free text: an unknown type matches nothing. */
  readonly secretType?: string
  readonly created?: readonly DateCondition[]
  readonly updated?: readonly DateCondition[]
  readonly expiration?: readonly DateCondition[]
}

export interface SecretQuery extends PageRequest {
  /** Whose list: one project's, or (acl_only) what an ACL of any project grants this user. */
  readonly scope: { readonly projectId: ProjectId } | { readonly aclUser: string }
  readonly filter: SecretFilter
  /** Empty means by creation, then id (Q06). Ties always end in created, id. `status` sorts nothing: it is always ACTIVE. */
  readonly sort: readonly { readonly key: SecretSortKey; readonly descending: boolean }[]
  /** Only what follows this secret in the order of the list; an unknown id gives an empty page. `total` ignores it. */
  readonly marker?: SecretId
  /** Secrets that expired at or before this instant are not there. */
  readonly now: Timestamp
}

export interface SecretRepository {
  /** Secret, envelope and ACL in one statement. Expired ones are found too; the verb judges. */
  find(id: SecretId): Promise<Stored<Secret> | undefined>
  /** The same without the envelope, for whoever wants to open nothing. */
  facts(id: SecretId): Promise<Stored<SecretFacts> | undefined>
  /** Never loads envelopes. Does not check MACs. */
  list(query: SecretQuery): Promise<Page<SecretSummary>>
  /**
   * Inserts secret and ACL users. The project keys that its MAC and envelope name must exist and not be
   * on their way out, and stay locked until commit; 'keyGone' otherwise: seal again under the present key.
   * @param defaultQuota counts where the project has no quota of its own; left out, nothing is counted
   * @param facts of its payload, in the same transaction
   */
  insert(
    secret: Stored<Secret>,
    defaultQuota?: number,
    facts?: PayloadFacts,
  ): Promise<'inserted' | 'keyGone' | QuotaReached>
  /** Second step of a two-step create. 'conflict': there is a payload already. */
  storePayload(
    verifiedMac: Uint8Array,
    secret: Stored<Secret>,
    facts?: PayloadFacts,
  ): Promise<Changed | 'conflict' | 'keyGone'>
  /** Replaces the ACL (null removes it), `updatedAt` and the MAC. */
  replaceAcl(verifiedMac: Uint8Array, secret: Stored<Secret>): Promise<Changed | 'keyGone'>
  /**
   * Shreds: the row with its wrapped DEK, ACL users, metadata and all consumers go in one transaction; a
   * tombstone without keys stays. 'consumed': it has consumers, `consumers` says refuse, and all stays.
   */
  remove(
    id: SecretId,
    verifiedMac: Uint8Array,
    deletedAt: Timestamp,
    consumers: 'refuse' | 'remove',
  ): Promise<Changed | 'consumed'>
}

export interface SecretConsumerRepository {
  /** Of each of these secrets all consumers, by creation, then id; one statement. Secrets without any are left out. */
  ofSecrets(ids: readonly SecretId[]): Promise<ReadonlyMap<SecretId, readonly SecretConsumer[]>>
  /** By creation, then id. */
  list(id: SecretId, page: PageRequest): Promise<Page<SecretConsumer>>
  find(id: SecretId, consumerId: ConsumerId): Promise<SecretConsumer | undefined>
  /**
   * Inserts it and moves the secret's `updatedAt` to its time of creation. 'present': the secret has a
   * consumer of this name, and nothing is written; 'gone': the secret went meanwhile. The quota is that
   * of the project that registers it; one that is there already needs no room.
   */
  add(
    consumer: SecretConsumer,
    defaultQuota?: number,
  ): Promise<'added' | 'present' | 'gone' | QuotaReached>
  /** 'foreign': another project than `by` registered it (undefined: whoever did), so it stays. */
  remove(
    id: SecretId,
    name: SecretConsumerName,
    by: ProjectId | undefined,
  ): Promise<'removed' | 'absent' | 'foreign'>
}

/** Keys are stored as given (the verb folds and checks them). Nothing here touches the secret's `updatedAt`. */
export interface SecretMetadataRepository {
  all(id: SecretId): Promise<ReadonlyMap<string, string>>
  get(id: SecretId, key: string): Promise<string | undefined>
  /** 'gone': the secret went meanwhile. */
  replaceAll(id: SecretId, entries: ReadonlyMap<string, string>): Promise<'changed' | 'gone'>
  add(id: SecretId, key: string, value: string): Promise<'changed' | 'exists' | 'gone'>
  set(id: SecretId, key: string, value: string): Promise<'changed' | 'absent'>
  remove(id: SecretId, key: string): Promise<void>
}
