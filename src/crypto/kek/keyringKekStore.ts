import { randomFillSync } from 'node:crypto'
import type { KekDescription, KekStore, WrappedKey } from '../../domain/ports/crypto.ts'
import { Fault, unavailable } from '../../lib/fault.ts'
import { FieldWriter } from '../fieldWriter.ts'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm, sealGcm } from '../gcm.ts'
import { KEK_BYTES, type Kek } from './kek.ts'

/** `format 1 | nonce 12 | wrapped key 32 | tag 16` */
const BLOB_FORMAT = 1
const BLOB_BYTES = 1 + KEK_BYTES + GCM_OVERHEAD_BYTES

/** All KEKs of a file at a time. */
export interface KekSet {
  /** What its description calls it; a keyring unless said. */
  readonly kind?: string
  readonly keks: readonly Kek[]
  readonly protection: string
  readonly idsProveKeys?: true
}

export interface KeyringKekStoreParts extends KekSet {
  /** `keyring` unless said: the only one of a deployment with one secret store. */
  readonly name?: string
}

/** KEKs from a keyring file, in this process. Exactly one is primary. */
export class KeyringKekStore implements KekStore {
  readonly name: string
  #keks: ReadonlyMap<string, Kek>
  #primary: Kek
  #description: KekDescription
  #isClosed = false

  constructor({ name = 'keyring', ...set }: KeyringKekStoreParts) {
    this.name = name
    const { keks, primary, description } = inOrder(set)
    this.#keks = keks
    this.#primary = primary
    this.#description = description
  }

  /** Other KEKs from here on; calls under way end with those that they began with. */
  replace(set: KekSet): void {
    if (this.#isClosed) return
    const { keks, primary, description } = inOrder(set)
    this.#keks = keks
    this.#primary = primary
    this.#description = description
  }

  describe(): KekDescription {
    return this.#description
  }

  async wrap(
    projectKey: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    this.#refuseWhenClosed(signal)
    if (projectKey.length !== KEK_BYTES) {
      throw new Error(`A keyring wraps ${KEK_BYTES} bytes, not ${projectKey.length}.`)
    }
    return this.#wrapUnder(this.#primary, projectKey, context)
  }

  /** Under a KEK that is not current yet. */
  async wrapUnder(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    this.#refuseWhenClosed(signal)
    const kek = this.#keks.get(kekId)
    if (kek === undefined || kek.facts.state === 'retired') {
      throw new Fault('corrupted', `No KEK ${kekId} that could wrap is in the keyring.`)
    }
    return this.#wrapUnder(kek, bytes, context)
  }

  #wrapUnder(kek: Kek, bytes: Uint8Array, context: Uint8Array): WrappedKey {
    const { id } = kek.facts
    const blob = Buffer.allocUnsafeSlow(BLOB_BYTES)
    blob[0] = BLOB_FORMAT
    randomFillSync(blob, 1, NONCE_BYTES)
    sealGcm(kek.wrapping, associatedData(id, context), bytes, blob, 1)
    return { kekId: id, blob }
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.#refuseWhenClosed(signal)
    const { kekId, blob } = wrapped
    const kek = this.#keks.get(kekId)
    if (kek === undefined) throw new Fault('corrupted', `No KEK ${kekId} is in ${this.name}.`)
    if (kek.facts.state === 'retired') throw new Fault('corrupted', `KEK ${kekId} is retired.`)
    if (blob.length !== BLOB_BYTES || blob[0] !== BLOB_FORMAT) {
      throw new Fault('corrupted', 'The wrapped key has an unknown form.')
    }
    try {
      return openGcm(kek.wrapping, associatedData(kekId, context), blob, 1, BLOB_BYTES)
    } catch (cause) {
      throw new Fault('corrupted', `The wrapped key does not open under KEK ${kekId}.`, { cause })
    }
  }

  async health(signal: AbortSignal): Promise<void> {
    this.#refuseWhenClosed(signal)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#keks = new Map()
  }

  #refuseWhenClosed(signal: AbortSignal): void {
    if (this.#isClosed) throw unavailable('The keyring is closed.')
    signal.throwIfAborted()
  }
}

function inOrder({ kind = 'keyring', keks, protection, idsProveKeys }: KekSet) {
  const primaries = keks.filter((kek) => kek.facts.state === 'primary')
  const [primary] = primaries
  if (primary === undefined || primaries.length !== 1) {
    throw new Error(`A keyring has one primary KEK, not ${primaries.length}.`)
  }
  const description: KekDescription = {
    kind,
    currentKekId: primary.facts.id,
    keks: keks.map((kek) => kek.facts),
    protection,
    ...(idsProveKeys === undefined ? {} : { idsProveKeys }),
  }
  return { keks: new Map(keks.map((kek) => [kek.facts.id, kek])), primary, description }
}

function associatedData(kekId: string, context: Uint8Array): Uint8Array {
  return new FieldWriter().text('gatehouse/kek-wrap/1').text(kekId).bytes(context).written()
}
