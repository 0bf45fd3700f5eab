import type { ProjectId, SecretId } from '../../lib/ids.ts'
import type { PayloadFacts } from '../../model/certificateFacts.ts'
import type { ContentType } from '../../model/contentTypes.ts'
import type { KeyPair, KeyPairRecipe } from '../../model/keyPair.ts'
import type { Order } from '../../model/order.ts'
import type { ProtectedRecord, Stored, Verified } from '../../model/record.ts'
import type { Secret } from '../../model/secret.ts'
import type { SecretType } from '../../model/secretTypes.ts'
import type { Grant } from '../../policy/grant.ts'

/** What a payload is bound to for ever: rotation and transfer change none of it (design 4). */
export interface PayloadBinding {
  readonly projectId: ProjectId
  readonly secretId: SecretId
  readonly secretType: SecretType
  readonly contentType: ContentType
}

export interface Sealer {
  /**
   * Seals under a fresh data key wrapped by the project's active key; one that is made for a record without anybody's
   * token names its MAC, and goes to the store of that one. Does not keep or wipe `payload`: the caller does.
   */
  seal(binding: PayloadBinding, payload: Uint8Array, besideMac?: Uint8Array): Promise<Uint8Array>
  /** A symmetric key that never exists outside this call in clear: random bytes, born sealed. */
  sealRandom(binding: PayloadBinding, bytes: number): Promise<Uint8Array>
  /**
   * Opens the payload of the granted record. The caller owns the buffer and fills it with zeros after use.
   * @throws Fault('corrupted') when anything does not open; the alarm was raised
   */
  open(grant: Grant<'secret:decrypt', Secret>): Promise<Buffer>
}

/** Certificates and keys in payloads. Nothing here throws because of what a payload holds. */
export interface PayloadReader {
  /** undefined: payloads of this type are not looked at, or there is nothing to say. Does not keep or wipe `payload`. */
  read(secretType: SecretType, payload: Uint8Array): PayloadFacts | undefined
  /** Of the private half of a pair whose public half this is, as SPKI in PEM or DER. */
  ofPublicKey(publicKey: Uint8Array): PayloadFacts | undefined
  /**
   * The same of a payload that is stored: opened and wiped within, and for nobody to see.
   * @throws Fault('corrupted') when it does not open; the alarm was raised
   */
  readStored(secret: Verified<Secret>): Promise<PayloadFacts | undefined>
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
   * @throws Fault('notFound') when the record's project was deleted, and its keys destroyed
   * @throws Fault('corrupted') when the MAC is missing or wrong, or its project key is gone; the alarm was raised
   */
  verified<T extends ProtectedRecord>(
    record: Stored<T> | undefined,
  ): Promise<Verified<T> | undefined>
  /**
   * The record with its MAC under the project's active key, in the store that new records of the project go to. One
   * that replaces another names its MAC, and stays in the store of that one: changing an ACL moves nothing. So does one
   * that is made for another without anybody's token.
   */
  protect<T extends ProtectedRecord>(
    record: T,
    besideMac?: Uint8Array,
  ): Promise<Stored<T> & { readonly rowMac: Uint8Array }>
}

/** The process's memory of unwrapped project keys. */
export interface KeyCache {
  /** Forgets a project's keys: a change was answered 'keyGone', so the remembered one no longer counts. */
  purge(projectId: ProjectId): void
}

/** Where the new records of a project go. */
export interface StoreChoice {
  /**
   * Name of the KEK store of the secret store that the project is bound to, else prefers, else of the global default.
   * @throws Fault('forbidden') when it may be bound by its domain, and nobody has said which one that is
   */
  of(projectId: ProjectId): string | Promise<string>
  /** Why no new key of this project may be made in that KEK store, which is bound to others, or it elsewhere; undefined: it may. */
  whyNoKey(projectId: ProjectId, kekStore: string, hasKeyThere: boolean): string | undefined
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
  /** Ids are derived from the keys, so whoever shows an id has its key. */
  readonly idsProveKeys?: true
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

/** What a KEK store may be able to do besides: a KEK gets its canary before it becomes the current one. */
export interface WrapsUnderAny {
  /** As `wrap`, under one of its KEKs that is not current. */
  wrapUnder(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey>
}

/** A KEK store that starts without its keys: what it describes is known, and until it is opened all else is unavailable. */
export interface SealableKekStore extends KekStore {
  readonly isSealed: boolean
  /** Forgets its keys at once. */
  seal(): void
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
