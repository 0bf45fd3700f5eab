import type { ContainerId, OrderId, SecretId } from '../../lib/ids.ts'
import type { Timestamp } from '../../lib/timestamp.ts'
import type { Container } from '../../model/container.ts'
import type { Order } from '../../model/order.ts'
import type { Stored, Verified } from '../../model/record.ts'
import type { ProjectKeyId } from '../../model/sealedForms.ts'
import type { Secret } from '../../model/secret.ts'

/** What a column holds, in every database of ours. Numbers are whole. */
export type BackupValue = string | number | Uint8Array | null

/** Tables one after the other, each followed by its rows. */
export type BackupPart =
  | { readonly kind: 'table'; readonly name: string; readonly columns: readonly string[] }
  | { readonly kind: 'rows'; readonly rows: readonly (readonly BackupValue[])[] }

/** What everybody may read who holds a backup; exchanged, nothing of the backup opens. */
export interface BackupHead {
  readonly deploymentId: string
  /** Name of the newest migration that the rows are laid out for. */
  readonly schema: string
  readonly createdAt: Timestamp
}

/** A database as it was at one moment. */
export interface BackupSource {
  readonly schema: string
  /** undefined: it never served. */
  readonly deploymentId: string | undefined
  /** How many rows `parts` gives, for who waits. */
  readonly rows: number
  /** In an order in which they may be inserted; memory does not grow with the number of rows. */
  parts(): AsyncIterable<BackupPart>
  close(): Promise<void>
}

/** An empty database that takes a backup, all of it or nothing: until `commit`, nobody sees a row. */
export interface BackupTarget {
  /** @throws StartupRefusal for what no database of this schema has */
  add(part: BackupPart): Promise<void>
  /** What was added, read back from the database itself. */
  parts(): AsyncIterable<BackupPart>
  /** Durable when it answers, and of the schema of this release. */
  commit(): Promise<void>
  /** Without a commit the database is as empty as before. */
  close(): Promise<void>
}

/** Seals for the owners of some public keys, which is all it holds. */
export interface BackupSealer {
  /** The bytes of a whole file. */
  seal(head: BackupHead, content: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array>
}

export interface OpenedBackup {
  readonly head: BackupHead
  /**
   * Every piece was authenticated, and stands where it was written.
   * @throws StartupRefusal where it is damaged or ends too early: what came before is then no backup
   */
  readonly content: AsyncIterable<Uint8Array>
  /** Done with it, at its end or before. */
  close(): Promise<void>
}

export interface BackupOpener {
  /** @throws StartupRefusal when it is no backup, or not sealed to this key */
  open(file: AsyncIterable<Uint8Array>): Promise<OpenedBackup>
}

/** Everything under a seal or a MAC, a page at a time. */
export interface SealedRecords {
  /** How many there are, for who waits. */
  count(): Promise<number>
  projectKeys(): AsyncIterable<ProjectKeyId>
  secrets(): AsyncIterable<SecretId>
  containers(): AsyncIterable<ContainerId>
  orders(): AsyncIterable<OrderId>
  /** What waits sealed with the task of an order; null when it has none, or there is no task. */
  orderInput(id: OrderId): Promise<Uint8Array | null>
  secret(id: SecretId): Promise<Stored<Secret> | undefined>
  container(id: ContainerId): Promise<Stored<Container> | undefined>
  order(id: OrderId): Promise<Stored<Order> | undefined>
}

/** Opens and shows nothing: what comes out is wiped. @throws Fault('corrupted'); the alarm was raised */
export interface SealProof {
  projectKey(id: ProjectKeyId): Promise<void>
  /** Nothing to open is nothing wrong: a two-step secret waits for its payload. */
  payload(secret: Verified<Secret>): Promise<void>
  orderInput(order: Verified<Order>, sealedInput: Uint8Array): Promise<void>
}
