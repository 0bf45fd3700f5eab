import type { OrderId, ProjectId, SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { PayloadFacts } from '../../model/certificateFacts.ts'
import type { Container } from '../../model/container.ts'
import type { Order } from '../../model/order.ts'
import type { Page, PageRequest } from '../../model/page.ts'
import type { Stored } from '../../model/record.ts'
import type { Secret } from '../../model/secret.ts'
import type { Changed, QuotaReached } from './changes.ts'

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

/** A task that nobody may take up now, as somebody saw it. */
export interface LeasedTask {
  readonly orderId: OrderId
  /** null: it rests after a failure. */
  readonly owner: string | null
  /** Changes whenever its owner renews: while it stands still, the owner is dead or cut off. */
  readonly until: Timestamp
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
  /** Of those that have any. */
  readonly facts: ReadonlyMap<SecretId, PayloadFacts>
}

/** 'lost': the order is gone, or the task is another's by now; nothing was written. */
export type Settled = 'settled' | 'lost' | 'stale' | 'keyGone'

/**
 * The queue of what is PENDING (design 9). A task belongs to whoever claimed it until it is released, or
 * freed by somebody who saw its lease stand still (ADR 0031): no clock ends a lease. However that goes, an
 * order is never done twice: only the owner settles, and settling ends the task.
 */
export interface OrderTaskRepository {
  /** Takes the oldest task that nobody holds; what others are about to take is passed over. */
  claim(owner: string, now: Timestamp, until: Timestamp): Promise<OrderTask | undefined>
  /** Moves the lease to another `until`. false: it is no longer the owner's. */
  renew(orderId: OrderId, owner: string, until: Timestamp): Promise<boolean>
  /** Gives a task back at this cost: nobody takes it up before `notBefore`. Nothing happens when it is another's. */
  release(task: OrderTask, owner: string, notBefore: Timestamp): Promise<void>
  /** Takes from an owner that is known to be dead whatever it held. */
  releaseAllOf(owner: string): Promise<void>
  /** Tasks that are held or rest, a hundred at most, those first whose time is over first. None that is parked until NEVER. */
  leased(): Promise<readonly LeasedTask[]>
  /** Makes it anybody's, if it is still as it was seen. */
  free(seen: LeasedTask): Promise<void>
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
