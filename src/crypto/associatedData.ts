import type { PayloadBinding } from '../domain/ports/crypto.ts'
import type { OrderId, ProjectId, SecretId } from '../lib/ids.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import { FieldWriter } from './fieldWriter.ts'

export const ENVELOPE_FORMAT = 1
export const ENVELOPE_ALGORITHM_AES_256_GCM = 1
export const ENVELOPE_FLAGS = 0

/** Whose envelope it is. */
export interface EnvelopePlace {
  readonly projectId: ProjectId
  /** Or the order whose input waits in it. */
  readonly secretId: SecretId | OrderId
}

/**
 * What an envelope's two ciphers are bound to (design 4). Canonical: every field is preceded by its length.
 * Each answer is valid until the next call for the same cipher.
 */
export class AssociatedData {
  readonly #payload = new FieldWriter()
  readonly #orderInput = new FieldWriter()
  readonly #dek = new FieldWriter()
  readonly #deploymentId: string

  constructor(deploymentId: string) {
    this.#deploymentId = deploymentId
    for (const [writer, label] of [
      [this.#payload, 'gatehouse/payload/1'],
      [this.#orderInput, 'gatehouse/order-input/1'],
    ] as const) {
      writer
        .text(label)
        .bytes(Uint8Array.of(ENVELOPE_FORMAT))
        .bytes(Uint8Array.of(ENVELOPE_ALGORITHM_AES_256_GCM))
        .bytes(Uint8Array.of(ENVELOPE_FLAGS >> 8, ENVELOPE_FLAGS & 0xff))
        .text(deploymentId)
        .keepAsPrefix()
    }
    this.#dek.text('gatehouse/dek/1').keepAsPrefix()
  }

  /** Holds nothing that rotation or transfer changes: no project, no key id. */
  payload(binding: Omit<PayloadBinding, 'projectId'>): Uint8Array {
    return this.#payload
      .restart()
      .text(binding.secretId)
      .text(binding.secretType)
      .text(binding.contentType)
      .written()
  }

  /** What waits with the task of an order: no payload of any secret, and none opens as one. */
  orderInput(orderId: OrderId): Uint8Array {
    return this.#orderInput.restart().text(orderId).written()
  }

  /** @param header the envelope's first twelve bytes, project-key id included */
  dek(header: Uint8Array, place: EnvelopePlace): Uint8Array {
    return this.#dek
      .restart()
      .bytes(header)
      .text(this.#deploymentId)
      .text(place.projectId)
      .text(place.secretId)
      .written()
  }
}

/** What a wrapped project key is bound to in its KEK store. */
export function projectKeyContext(
  deploymentId: string,
  projectId: ProjectId,
  id: ProjectKeyId,
): Uint8Array {
  return new FieldWriter()
    .text('gatehouse/project-key/1')
    .text(deploymentId)
    .text(projectId)
    .bytes(id)
    .written()
}

/** What a canary is bound to: a canary of another store or deployment does not open. */
export function canaryContext(deploymentId: string, store: string): Uint8Array {
  return new FieldWriter().text('gatehouse/canary/1').text(deploymentId).text(store).written()
}
