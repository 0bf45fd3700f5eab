import { createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import type { EnvelopePlace } from '../../src/crypto/associatedData.ts'
import {
  type EnvelopeContents,
  type EnvelopeFormat,
  EnvelopeFormats,
} from '../../src/crypto/envelopeFormat.ts'
import { EnvelopeFormat1 } from '../../src/crypto/envelopeFormat1.ts'
import { FieldWriter } from '../../src/crypto/fieldWriter.ts'
import { NONCE_BYTES, openGcm, sealGcm, TAG_BYTES } from '../../src/crypto/gcm.ts'
import { DEK_BYTES, type ProjectKey, WRAPPED_DEK_BYTES } from '../../src/crypto/projectKey.ts'

const HEADER_BYTES = 12
const PAYLOAD_AT = HEADER_BYTES
const LEAST_BYTES = HEADER_BYTES + NONCE_BYTES + TAG_BYTES + WRAPPED_DEK_BYTES

/**
 * A format 2 as a later release might bring it; no release does. It lies otherwise (payload, then data key) and is
 * bound otherwise (other labels, other order), so that what is moved from format 1 cannot be only renamed.
 */
export class NextFormat implements EnvelopeFormat {
  readonly number = 2
  readonly #deploymentId: string

  constructor(deploymentId: string) {
    this.#deploymentId = deploymentId
  }

  isWellFormed(envelope: Uint8Array): boolean {
    return (
      envelope.length >= LEAST_BYTES && Buffer.from(envelope.subarray(1, 4)).readUIntBE(0, 3) === 7
    )
  }

  seal(
    key: ProjectKey,
    place: EnvelopePlace,
    contents: EnvelopeContents,
    payload: Uint8Array,
  ): Uint8Array {
    const envelope = Buffer.allocUnsafeSlow(LEAST_BYTES + payload.length)
    envelope.set([this.number, 0, 0, 7])
    envelope.set(key.id, 4)
    envelope.set(randomBytes(NONCE_BYTES), PAYLOAD_AT)
    const at = dekAt(envelope)
    envelope.set(randomBytes(NONCE_BYTES), at)
    const dek = randomBytes(DEK_BYTES)
    key.wrapDek(dek, this.#dekData(place), envelope, at)
    sealGcm(createSecretKey(dek), this.#payloadData(contents), payload, envelope, PAYLOAD_AT)
    dek.fill(0)
    return envelope
  }

  unwrapDek(key: ProjectKey, place: EnvelopePlace, envelope: Uint8Array): KeyObject {
    return key.unwrapDek(envelope, dekAt(envelope), this.#dekData(place))
  }

  open(dek: KeyObject, contents: EnvelopeContents, envelope: Uint8Array): Buffer {
    return openGcm(dek, this.#payloadData(contents), envelope, PAYLOAD_AT, dekAt(envelope))
  }

  moveDek(
    from: ProjectKey,
    to: ProjectKey,
    place: EnvelopePlace,
    envelope: Uint8Array,
  ): Uint8Array {
    const moved = Buffer.from(envelope)
    const at = dekAt(envelope)
    moved.set(to.id, 4)
    moved.set(randomBytes(NONCE_BYTES), at)
    const data = this.#dekData(place)
    const target = { key: to, envelope: moved, associatedData: () => data }
    from.moveDek({ envelope, associatedData: data }, target, at)
    return moved
  }

  #dekData({ projectId, secretId }: EnvelopePlace): Uint8Array {
    return new FieldWriter()
      .text('test/dek/2')
      .text(secretId)
      .text(projectId)
      .text(this.#deploymentId)
      .written()
  }

  #payloadData(contents: EnvelopeContents): Uint8Array {
    const writer = new FieldWriter().text(`test/${contents.kind}/2`)
    if (contents.kind === 'orderInput') return writer.text(contents.orderId).written()
    return writer
      .text(contents.contentType)
      .text(contents.secretType)
      .text(contents.secretId)
      .written()
  }
}

function dekAt(envelope: Uint8Array): number {
  return envelope.length - WRAPPED_DEK_BYTES
}

/** Of a release that reads the next format and does not write it yet, and of the one after it, that does. */
export function formatsOfNextReleases(deploymentId: string): {
  readonly reads: EnvelopeFormats
  readonly writes: EnvelopeFormats
} {
  const [first, next] = [new EnvelopeFormat1(deploymentId), new NextFormat(deploymentId)]
  return {
    reads: new EnvelopeFormats(first, [next]),
    writes: new EnvelopeFormats(next, [first]),
  }
}
