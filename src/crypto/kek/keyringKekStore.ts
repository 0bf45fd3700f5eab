import { randomFillSync } from 'node:crypto'
import type { KekDescription, KekStore, WrappedKey } from '../../domain/ports/crypto.ts'
import { Fault, unavailable } from '../../lib/fault.ts'
import { FieldWriter } from '../fieldWriter.ts'
import { GCM_OVERHEAD_BYTES, NONCE_BYTES, openGcm, sealGcm } from '../gcm.ts'
import { KEK_BYTES, type Kek } from './kek.ts'

/** `format 1 | nonce 12 | wrapped key 32 | tag 16` */
const BLOB_FORMAT = 1
const BLOB_BYTES = 1 + KEK_BYTES + GCM_OVERHEAD_BYTES

export interface KeyringKekStoreParts {
  /** `keyring` unless said: the only one of a deployment with one secret store. */
  readonly name?: string
  /** What its description calls it; a keyring unless said. */
  readonly kind?: string
  readonly keks: readonly Kek[]
  readonly protection: string
  readonly idsProveKeys?: true
}

/** KEKs from a keyring file, in this process. Exactly one is primary. */
export class KeyringKekStore implements KekStore {
  readonly name: string
  readonly #keks: Map<string, Kek>
  readonly #primary: Kek
  readonly #description: KekDescription
  #isClosed = false

  constructor(parts: KeyringKekStoreParts) {
    const { name = 'keyring', kind = 'keyring', keks, protection, idsProveKeys } = parts
    this.name = name
    const primaries = keks.filter((kek) => kek.facts.state === 'primary')
    const [primary] = primaries
    if (primary === undefined || primaries.length !== 1) {
      throw new Error(`A keyring has one primary KEK, not ${primaries.length}.`)
    }
    this.#primary = primary
    this.#keks = new Map(keks.map((kek) => [kek.facts.id, kek]))
    this.#description = {
      kind,
      currentKekId: primary.facts.id,
      keks: keks.map((kek) => kek.facts),
      protection,
      ...(idsProveKeys === undefined ? {} : { idsProveKeys }),
    }
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
    const { id } = this.#primary.facts
    const blob = Buffer.allocUnsafeSlow(BLOB_BYTES)
    blob[0] = BLOB_FORMAT
    randomFillSync(blob, 1, NONCE_BYTES)
    sealGcm(this.#primary.wrapping, associatedData(id, context), projectKey, blob, 1)
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
    this.#keks.clear()
  }

  #refuseWhenClosed(signal: AbortSignal): void {
    if (this.#isClosed) throw unavailable('The keyring is closed.')
    signal.throwIfAborted()
  }
}

function associatedData(kekId: string, context: Uint8Array): Uint8Array {
  return new FieldWriter().text('gatehouse/kek-wrap/1').text(kekId).bytes(context).written()
}
