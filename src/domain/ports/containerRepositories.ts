import type { ConsumerId, ContainerId, ProjectId, SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Container, ListedContainer } from '../../model/container.ts'
import type { ConsumerName, ContainerConsumer } from '../../model/containerConsumer.ts'
import type { Page, PageRequest } from '../../model/page.ts'
import type { Stored } from '../../model/record.ts'
import type { Changed, QuotaReached } from './changes.ts'

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
