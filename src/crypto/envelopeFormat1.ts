import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { ENVELOPE_HEADER_BYTES, ENVELOPE_OVERHEAD_BYTES } from '../model/sealedForms.ts'
import {
  AssociatedData,
  ENVELOPE_ALGORITHM_AES_256_GCM,
  ENVELOPE_FLAGS,
  ENVELOPE_FORMAT,
  type EnvelopePlace,
} from './associatedData.ts'
import type { EnvelopeContents, EnvelopeFormat } from './envelopeFormat.ts'
import { NONCE_BYTES, openGcm, sealGcm } from './gcm.ts'
import { DEK_BYTES, type ProjectKey, WRAPPED_DEK_BYTES } from './projectKey.ts'

const DEK_AT = ENVELOPE_HEADER_BYTES
const PAYLOAD_AT = DEK_AT + WRAPPED_DEK_BYTES

/** The first one: the form stands in model/sealedForms.ts, what it is bound to in associatedData.ts. */
export class EnvelopeFormat1 implements EnvelopeFormat {
  readonly number = ENVELOPE_FORMAT
  readonly #associatedData: AssociatedData

  constructor(deploymentId: string) {
    this.#associatedData = new AssociatedData(deploymentId)
  }

  isWellFormed(envelope: Uint8Array): boolean {
    return (
      envelope.length >= ENVELOPE_OVERHEAD_BYTES &&
      envelope[0] === ENVELOPE_FORMAT &&
      envelope[1] === ENVELOPE_ALGORITHM_AES_256_GCM &&
      envelope[2] === ENVELOPE_FLAGS >> 8 &&
      envelope[3] === (ENVELOPE_FLAGS & 0xff)
    )
  }

  seal(
    key: ProjectKey,
    place: EnvelopePlace,
    contents: EnvelopeContents,
    payload: Uint8Array,
  ): Uint8Array {
    const envelope = Buffer.allocUnsafeSlow(ENVELOPE_OVERHEAD_BYTES + payload.length)
    envelope[0] = ENVELOPE_FORMAT
    envelope[1] = ENVELOPE_ALGORITHM_AES_256_GCM
    envelope.writeUInt16BE(ENVELOPE_FLAGS, 2)
    envelope.set(key.id, 4)
    // One draw for all that is random: the DEK, then both nonces.
    const random = randomBytes(DEK_BYTES + 2 * NONCE_BYTES)
    const dek = random.subarray(0, DEK_BYTES)
    try {
      envelope.set(random.subarray(DEK_BYTES, DEK_BYTES + NONCE_BYTES), DEK_AT)
      envelope.set(random.subarray(DEK_BYTES + NONCE_BYTES), PAYLOAD_AT)
      key.wrapDek(dek, this.#dekData(envelope, place), envelope, DEK_AT)
      const payloadData = this.#payloadData(contents)
      sealGcm(createSecretKey(dek), payloadData, payload, envelope, PAYLOAD_AT)
    } finally {
      random.fill(0)
    }
    return envelope
  }

  unwrapDek(key: ProjectKey, place: EnvelopePlace, envelope: Uint8Array): KeyObject {
    return key.unwrapDek(envelope, DEK_AT, this.#dekData(envelope, place))
  }

  open(dek: KeyObject, contents: EnvelopeContents, envelope: Uint8Array): Buffer {
    return openGcm(dek, this.#payloadData(contents), envelope, PAYLOAD_AT, envelope.length)
  }

  /** 60 bytes are new, and the header: the ciphertext stays to the byte. */
  moveDek(
    from: ProjectKey,
    to: ProjectKey,
    place: EnvelopePlace,
    envelope: Uint8Array,
  ): Uint8Array {
    // Not from the pool of small buffers: the writer is sent all the memory behind it.
    const moved = Buffer.allocUnsafeSlow(envelope.length)
    moved.set(envelope)
    moved.set(to.id, 4)
    moved.set(randomBytes(NONCE_BYTES), DEK_AT)
    const target = { key: to, envelope: moved, associatedData: () => this.#dekData(moved, place) }
    from.moveDek({ envelope, associatedData: this.#dekData(envelope, place) }, target, DEK_AT)
    return moved
  }

  #dekData(envelope: Uint8Array, place: EnvelopePlace): Uint8Array {
    return this.#associatedData.dek(envelope.subarray(0, ENVELOPE_HEADER_BYTES), place)
  }

  #payloadData(contents: EnvelopeContents): Uint8Array {
    return contents.kind === 'payload'
      ? this.#associatedData.payload(contents)
      : this.#associatedData.orderInput(contents.orderId)
  }
}
