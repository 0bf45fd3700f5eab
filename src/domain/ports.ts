import type {
  ConsumerId,
  ContainerId,
  OrderId,
  ProjectId,
  SecretId,
  SecretStoreId,
  TransportKeyId,
} from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { Container, ListedContainer } from '../model/container.ts'
import type { ConsumerName, ContainerConsumer } from '../model/containerConsumer.ts'
import type { ContentType } from '../model/contentTypes.ts'
import type { KeyPair, KeyPairRecipe } from '../model/keyPair.ts'
import type { Order } from '../model/order.ts'
import type { Page, PageRequest } from '../model/page.ts'
import type { ProjectQuotas, QuotaResource } from '../model/quota.ts'
import type { ProtectedRecord, Stored, Verified } from '../model/record.ts'
import type { Caller } from '../model/requestContext.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import type { Secret, SecretSummary } from '../model/secret.ts'
import type { SecretConsumer, SecretConsumerName } from '../model/secretConsumer.ts'
import type { SecretType } from '../model/secretTypes.ts'
import type { TransportKey } from '../model/transportKey.ts'
import type { Grant } from '../policy/grant.ts'

/*
 * What the verbs need from outside. Every method may throw Fault('unavailable') when what stands
 * behind it is away; no other Fault comes from an adapter unless its comment says so.
 *
 * A change is a command: one call, one transaction, its checks inside. `verifiedMac` is the MAC of the
 * record the caller verified; when the stored one differs by now, nothing is written and the answer is
 * 'stale': read again and judge again.
 */

// ---- db ------------------------------------------------------------------------------------------

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

export type Changed = 'changed' | 'stale' | 'gone'

/**
 * The project has as many as it may; nothing was written. Counted in the transaction that would have
 * inserted, under a lock of the project: requests at the same time, on whatever node, pass no limit.
 */
export interface QuotaReached {
  readonly quotaReached: number
}

export interface SecretRepository {
  /** Secret, envelope and ACL in one statement. Expired ones are found too; the verb judges. */
  find(id: SecretId): Promise<Stored<Secret> | undefined>
  /** Never loads envelopes. Does not check MACs. */
  list(query: SecretQuery): Promise<Page<SecretSummary>>
  /**
   * Inserts secret and ACL users. The project keys that its MAC and envelope name must exist and not be
   * on their way out, and stay locked until commit; 'keyGone' otherwise: seal again under the present key.
   * @param defaultQuota counts where the project has no quota of its own; left out, nothing is counted
   */
  insert(
    secret: Stored<Secret>,
    defaultQuota?: number,
  ): Promise<'inserted' | 'keyGone' | QuotaReached>
  /** Second step of a two-step create. 'conflict': there is a payload already. */
  storePayload(
    verifiedMac: Uint8Array,
    secret: Stored<Secret>,
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

export interface ContainerQuery extends PageRequest {
  readonly projectId: ProjectId
  /** LIKE pattern, as for secrets. */
  readonly name?: string
  /** Free text: an unknown type matches nothing. */
  readonly type?: string
  /** As for secrets. */
  readonly marker?: ContainerId
}

/** A secret that is to become a member: it must be live at `now`, and of this project. */
export interface NewMember {
  readonly secretId: SecretId
  readonly projectId: ProjectId
  readonly now: Timestamp
}

export interface ContainerRepository {
  /** Container, members and ACL in one statement. */
  find(id: ContainerId): Promise<Stored<Container> | undefined>
  /** By creation, then id, each with its consumers. Does not check MACs. */
  list(query: ContainerQuery): Promise<Page<ListedContainer>>
  /**
   * 'secretGone': a member is not a secret of the container's project (any more), or expired at `now`.
   * The project key of its MAC must exist, and the quota is asked first, as for secrets.
   */
  insert(
    container: Stored<Container>,
    now: Timestamp,
    defaultQuota?: number,
  ): Promise<'inserted' | 'keyGone' | 'secretGone' | QuotaReached>
  /**
   * Replaces members and MAC; `updatedAt` stays (contract 04). Members that are gone are left out by the
   * verb. Only the one that is new is looked at: those that expired since they came stay (Q49).
   */
  replaceMembers(
    verifiedMac: Uint8Array,
    container: Stored<Container>,
    added: NewMember | undefined,
  ): Promise<Changed | 'keyGone' | 'secretGone'>
  /** Replaces the ACL (null removes it), `updatedAt` and the MAC. */
  replaceAcl(verifiedMac: Uint8Array, container: Stored<Container>): Promise<Changed | 'keyGone'>
  /** Members, ACL users and all consumers go in the same transaction; the secrets stay. */
  remove(id: ContainerId, verifiedMac: Uint8Array, deletedAt: Timestamp): Promise<Changed>
}

export interface ContainerConsumerQuery extends PageRequest {
  readonly containerId: ContainerId
}

/** One consumer for each name and URL of a container, whoever registers it. */
export interface ContainerConsumerRepository {
  /** All of them, by name, then URL. */
  namesOf(id: ContainerId): Promise<readonly ConsumerName[]>
  /** By name, then URL. */
  list(query: ContainerConsumerQuery): Promise<Page<ContainerConsumer>>
  find(containerId: ContainerId, id: ConsumerId): Promise<ContainerConsumer | undefined>
  /**
   * A new one moves the container's `updatedAt` to its own; 'present' changes nothing; 'gone': the
   * container went. The quota is asked as for consumers of secrets.
   */
  add(
    consumer: ContainerConsumer,
    defaultQuota?: number,
  ): Promise<'added' | 'present' | 'gone' | QuotaReached>
  /** 'foreign': another project than `by` registered it (undefined: whoever did), so it stays. */
  remove(
    containerId: ContainerId,
    consumer: ConsumerName,
    by: ProjectId | undefined,
  ): Promise<'removed' | 'absent' | 'foreign'>
}

export interface OrderQuery extends PageRequest {
  readonly projectId: ProjectId
  /** Orders whose stored meta JSON contains this text. */
  readonly meta?: string
  /** As for secrets. */
  readonly marker?: OrderId
}

export interface OrderRepository {
  /**
   * An order together with the secret it made (undefined for one that failed or waits), in one transaction.
   * `task` says that it waits: until it is settled the order is PENDING and its task is in the queue.
   * The quota of orders is asked, as for secrets; the one of secrets is not (contract 07).
   */
  place(
    order: Stored<Order>,
    secret: Stored<Secret> | undefined,
    task?: NewOrderTask,
    defaultQuota?: number,
  ): Promise<'placed' | 'keyGone' | QuotaReached>
  /** Scoped to the project: a foreign order is not found (contract 05). */
  find(projectId: ProjectId, id: OrderId): Promise<Stored<Order> | undefined>
  /** By creation, then id. Full records; MACs unchecked. */
  list(query: OrderQuery): Promise<Page<Order>>
  /** Its task goes in the same transaction. */
  remove(id: OrderId, verifiedMac: Uint8Array, deletedAt: Timestamp): Promise<Changed>
}

export interface NewOrderTask {
  /** From OrderInputs.seal; null when the order says all there is to know. */
  readonly sealedInput: Uint8Array | null
}

/** A task in somebody's hands. */
export interface OrderTask {
  readonly orderId: OrderId
  /** What it has cost so far: 1 for each time it was taken up, this one included, and what its owners added. */
  readonly cost: number
  readonly sealedInput: Uint8Array | null
}

/** What an order of a key pair makes. */
export interface MadeKeyPair {
  readonly container: Stored<Container>
  readonly secrets: readonly Stored<Secret>[]
}

/** 'lost': the order is gone, or the task is another's by now; nothing was written. */
export type Settled = 'settled' | 'lost' | 'stale' | 'keyGone'

/**
 * The queue of what is PENDING (design 9). A task belongs to whoever claimed it until the lease ends;
 * leases are compared on the clocks of the nodes, so a clock that is wrong costs work done in vain and
 * never an order done twice: only the owner settles, and settling ends the task.
 */
export interface OrderTaskRepository {
  /** Takes the oldest task that nobody holds; what others are about to take is passed over. */
  claim(owner: string, now: Timestamp, until: Timestamp): Promise<OrderTask | undefined>
  /** false: it is no longer the owner's. */
  renew(orderId: OrderId, owner: string, until: Timestamp): Promise<boolean>
  /** Gives a task back at this cost: nobody takes it up before `notBefore`. Nothing happens when it is another's. */
  release(task: OrderTask, owner: string, notBefore: Timestamp): Promise<void>
  /** Takes from an owner that is known to be dead whatever it held. */
  releaseAllOf(owner: string): Promise<void>
  /** How many tasks there are, and who holds any. */
  look(): Promise<{ readonly waiting: number; readonly owners: readonly string[] }>
  /** The order of a task, whatever its project. */
  order(id: OrderId): Promise<Stored<Order> | undefined>
  /**
   * The order in its last state, with all that it made (undefined: it failed), and the end of its task,
   * in one transaction. `verifiedMac` is that of the PENDING order.
   */
  settle(
    owner: string,
    verifiedMac: Uint8Array,
    order: Stored<Order>,
    made: MadeKeyPair | undefined,
  ): Promise<Settled>
}

/** Which process works on what, so that nobody waits for the lease of one that is dead. */
export interface ProcessMarks {
  /** This process, for lease owners; at most 31 characters. */
  readonly own: string
  /** True only when it can be shown: a process of this machine that has ended. */
  isDead(mark: string): boolean
}

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
   * their key's row is gone, which is an alarm and no reason to make a new key.
   */
  activate(row: ProjectKeyRow): Promise<ProjectKeyRow | 'orphans'>
  /** Reserves `count` DEK wraps in a committed transaction; answers how many were reserved before. */
  reserveWraps(id: ProjectKeyId, count: number): Promise<number>
}

export interface CanaryRow {
  readonly store: string
  readonly wrapped: WrappedKey
  /** Fingerprint of the KEK, to name it when it is missing. */
  readonly fingerprint: string
  readonly createdAt: Timestamp
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

/** Can the database be read and written? For /readyz; throws Fault('unavailable') with the reason when not. */
export interface DatabaseHealth {
  check(signal: AbortSignal): Promise<void>
}

// ---- crypto --------------------------------------------------------------------------------------

/** What a payload is bound to for ever: rotation and transfer change none of it (design 4). */
export interface PayloadBinding {
  readonly projectId: ProjectId
  readonly secretId: SecretId
  readonly secretType: SecretType
  readonly contentType: ContentType
}

export interface Sealer {
  /** Seals under a fresh data key wrapped by the project's active key. Does not keep or wipe `payload`: the caller does. */
  seal(binding: PayloadBinding, payload: Uint8Array): Promise<Uint8Array>
  /** A symmetric key that never exists outside this call in clear: random bytes, born sealed. */
  sealRandom(binding: PayloadBinding, bytes: number): Promise<Uint8Array>
  /**
   * Opens the payload of the granted record. The caller owns the buffer and fills it with zeros after use.
   * @throws Fault('corrupted') when anything does not open; the alarm was raised
   */
  open(grant: Grant<'secret:decrypt', Secret>): Promise<Buffer>
}

/** What the task of an order must know and the order must not show, bound to that order. */
export interface OrderInputs {
  /** Does not keep or wipe `input`: the caller does. */
  seal(order: Pick<Order, 'id' | 'projectId'>, input: Uint8Array): Promise<Uint8Array>
  /**
   * The caller owns the buffer and fills it with zeros after use.
   * @throws Fault('corrupted') when it does not open; the alarm was raised
   */
  open(order: Verified<Order>, sealed: Uint8Array): Promise<Buffer>
}

export interface KeyPairMaker {
  /**
   * One pair at a time, away from the request loop; further calls wait for their turn. The caller owns
   * both keys and wipes them.
   * @throws Error when none came: aborted, took too long, or the maker died
   */
  make(
    recipe: KeyPairRecipe,
    passphrase: Uint8Array | undefined,
    signal: AbortSignal,
  ): Promise<KeyPair>
}

export interface Integrity {
  /**
   * Checks the row MAC. undefined stays undefined, so a look-up can be handed straight in.
   * @throws Fault('corrupted') when the MAC is missing or wrong, or its project key is gone; the alarm was raised
   */
  verified<T extends ProtectedRecord>(
    record: Stored<T> | undefined,
  ): Promise<Verified<T> | undefined>
  /**
   * The record with its MAC under the project's active key, in the store that the project prefers. One
   * that replaces another names its MAC, and stays in the store of that one: changing an ACL moves nothing.
   */
  protect<T extends ProtectedRecord>(
    record: T,
    replacedMac?: Uint8Array,
  ): Promise<Stored<T> & { readonly rowMac: Uint8Array }>
}

/** The process's memory of unwrapped project keys. */
export interface KeyCache {
  /** Forgets a project's keys: a change was answered 'keyGone', so the remembered one no longer counts. */
  purge(projectId: ProjectId): void
}

/** Where the new records of a project go. */
export interface StoreChoice {
  /** Name of the KEK store of the secret store that the project prefers, else of the global default. */
  of(projectId: ProjectId): string | Promise<string>
  /** Looks again the next time: the preference was changed. */
  forget(projectId: ProjectId): void
}

export interface WrappedKey {
  readonly kekId: string
  readonly blob: Uint8Array
}

/** What a KEK store says of itself; no secrets. */
export interface KekDescription {
  readonly kind: string
  readonly currentKekId: string
  readonly keks: readonly {
    readonly id: string
    readonly state: 'primary' | 'active' | 'decrypt-only' | 'retired'
    readonly fingerprint: string
    readonly createdAt: string
  }[]
  /** How the KEKs are protected at rest, in an operator's words. */
  readonly protection: string
}

/** The narrow waist (design 4). One contract suite runs on every implementation and on the fake. */
export interface KekStore {
  readonly name: string
  describe(): KekDescription
  /** Wraps under the current KEK. `context` (deployment, project, project-key id) must come back unchanged on unwrap, or unwrap fails. */
  wrap(projectKey: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey>
  /** Unwraps whatever this store ever wrapped under a KEK not yet retired. A store that cannot bind context itself binds it inside the plaintext. */
  unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array>
  /** Cheap; uses no key. */
  health(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** A stored record or key that is not what we wrote. */
export interface IntegrityFinding {
  /** What was found, e.g. 'row MAC does not match', 'project key is gone', 'envelope does not open'. Names no secret material. */
  readonly what: string
  readonly kind: 'secret' | 'container' | 'order' | 'project-key'
  readonly id: string
  readonly projectId: ProjectId | null
}

export interface Alarms {
  /** Log level fatal, metric, audit event. Must not throw. */
  integrity(finding: IntegrityFinding): void
}

// ---- identity ------------------------------------------------------------------------------------

/** The header values identity may look at; names are lower-case. Everything else about a request is none of its business. */
export interface Credentials {
  readonly method: string
  /** Path below the endpoint, for access rules of application credentials. */
  readonly path: string
  header(name: string): string | undefined
  /** Every header the request has, in lower case. */
  headerNames(): readonly string[]
}

export interface Authenticator {
  /**
   * @throws Fault('unauthorized') with a WWW-Authenticate header where the scheme has one
   * @throws Fault('badRequest') noauth without X-Project-Id
   * @throws Fault('forbidden') noauth from a place it does not serve
   * @throws Fault('unavailable') Keystone is away and nothing cached may be served
   */
  authenticate(credentials: Credentials): Promise<Caller>
}
