import { createSecretKey, randomBytes } from 'node:crypto'
import type { Alarms, OrderInputs, PayloadBinding, Sealer } from '../domain/ports/crypto.ts'
import { Fault } from '../lib/fault.ts'
import type { Order } from '../model/order.ts'
import type { ProtectedRecord, Verified } from '../model/record.ts'
import {
  ENVELOPE_HEADER_BYTES,
  ENVELOPE_OVERHEAD_BYTES,
  projectKeyIdOfEnvelope,
  projectKeyIdOfRowMac,
} from '../model/sealedForms.ts'
import type { Secret } from '../model/secret.ts'
import type { Grant } from '../policy/grant.ts'
import {
  AssociatedData,
  ENVELOPE_ALGORITHM_AES_256_GCM,
  ENVELOPE_FLAGS,
  ENVELOPE_FORMAT,
  type EnvelopePlace,
} from './associatedData.ts'
import { NONCE_BYTES, openGcm, sealGcm } from './gcm.ts'
import type { Keyring } from './keyring.ts'
import { DEK_BYTES, type ProjectKey, WRAPPED_DEK_BYTES } from './projectKey.ts'

export interface EnvelopeSealerParts {
  readonly keyring: Keyring
  readonly deploymentId: string
  readonly alarms: Alarms
}

const DEK_AT = ENVELOPE_HEADER_BYTES
const PAYLOAD_AT = DEK_AT + WRAPPED_DEK_BYTES

/** Payloads in envelopes: the form stands in model/sealedForms.ts, what they are bound to in associatedData.ts. */
export class EnvelopeSealer implements Sealer {
  readonly #keyring: Keyring
  readonly #alarms: Alarms
  readonly #associatedData: AssociatedData

  constructor(parts: EnvelopeSealerParts) {
    this.#keyring = parts.keyring
    this.#alarms = parts.alarms
    this.#associatedData = new AssociatedData(parts.deploymentId)
  }

  async seal(
    binding: PayloadBinding,
    payload: Uint8Array,
    besideMac?: Uint8Array,
  ): Promise<Uint8Array> {
    const { projectId } = binding
    const found =
      besideMac === undefined
        ? this.#keyring.activeForWrap(projectId)
        : this.#keyring.activeForWrapBeside(projectKeyIdOfRowMac(besideMac), projectId)
    return this.#sealPayload(found instanceof Promise ? await found : found, binding, payload)
  }

  async sealRandom(binding: PayloadBinding, bytes: number): Promise<Uint8Array> {
    const found = this.#keyring.activeForWrap(binding.projectId)
    const projectKey = found instanceof Promise ? await found : found
    const payload = randomBytes(bytes)
    try {
      return this.#sealPayload(projectKey, binding, payload)
    } finally {
      payload.fill(0)
    }
  }

  async open(grant: Grant<'secret:decrypt', Secret>): Promise<Buffer> {
    return this.#openPayload(grant.record)
  }

  /** Opens for nobody: what comes out is wiped, so no grant is needed. */
  async prove(secret: Verified<Secret>): Promise<void> {
    const payload = await this.#openPayload(secret)
    payload.fill(0)
  }

  /** As `prove`: what `sight` answers is all that is kept of the payload. */
  async look<T>(secret: Verified<Secret>, sight: (payload: Uint8Array) => T): Promise<T> {
    const payload = await this.#openPayload(secret)
    try {
      return sight(payload)
    } finally {
      payload.fill(0)
    }
  }

  /**
   * The same payload, or input of an order, with its data key under another key: 60 bytes are new, and the header.
   * @throws Fault('corrupted') when the data key does not open; the alarm was raised
   */
  async rewrap(
    record: Secret | Order,
    envelope: Uint8Array,
    toStore?: string,
  ): Promise<Uint8Array> {
    const from = await this.#keyOf(envelope, record)
    const { projectId, id: secretId } = record
    const key = await this.#keyring.activeForWrapIn(toStore ?? from.store, projectId)
    const place = { projectId, secretId }
    // Not from the pool of small buffers: the writer is sent all the memory behind it.
    const moved = Buffer.allocUnsafeSlow(envelope.length)
    moved.set(envelope)
    moved.set(key.id, 4)
    moved.set(randomBytes(NONCE_BYTES), DEK_AT)
    const dataOf = (one: Uint8Array) =>
      this.#associatedData.dek(one.subarray(0, ENVELOPE_HEADER_BYTES), place)
    try {
      const to = { key, envelope: moved, associatedData: () => dataOf(moved) }
      from.moveDek({ envelope, associatedData: dataOf(envelope) }, to, DEK_AT)
    } catch (cause) {
      throw this.#damaged(record, 'data key does not open', cause)
    }
    return moved
  }

  /** Opens the data key alone. @throws Fault('corrupted') when it does not; the alarm was raised */
  async proveDek(record: Secret | Order, envelope: Uint8Array): Promise<void> {
    const key = await this.#keyOf(envelope, record)
    const place = { projectId: record.projectId, secretId: record.id }
    const header = envelope.subarray(0, ENVELOPE_HEADER_BYTES)
    try {
      key.unwrapDek(envelope, DEK_AT, this.#associatedData.dek(header, place))
    } catch (cause) {
      throw this.#damaged(record, 'data key does not open', cause)
    }
  }

  async #keyOf(envelope: Uint8Array, record: Secret | Order): Promise<ProjectKey> {
    return this.#present(await this.#find(envelope, record), record)
  }

  /** Without a promise where it is at hand: reads come this way. */
  #find(
    envelope: Uint8Array,
    record: Secret | Order,
  ): ProjectKey | undefined | Promise<ProjectKey | undefined> {
    if (!isWellFormed(envelope)) throw this.#damaged(record, 'envelope has an unknown form')
    return this.#keyring.find(projectKeyIdOfEnvelope(envelope))
  }

  #present(projectKey: ProjectKey | undefined, record: Secret | Order): ProjectKey {
    if (projectKey !== undefined) return projectKey
    throw this.#damaged(record, 'project key of the envelope is gone')
  }

  /** The inputs of waiting orders, in the same envelopes under a label of their own. */
  readonly orderInputs: OrderInputs = {
    seal: async ({ id, projectId }, input) => {
      const found = this.#keyring.activeForWrap(projectId)
      const projectKey = found instanceof Promise ? await found : found
      const data = this.#associatedData.orderInput(id)
      return this.#seal(projectKey, { projectId, secretId: id }, data, input)
    },
    open: async (order: Verified<Order>, sealed) =>
      this.#open(sealed, order, () => this.#associatedData.orderInput(order.id)),
  }

  async #openPayload(secret: Verified<Secret>): Promise<Buffer> {
    const { envelope, contentType } = secret
    if (envelope === null || contentType === null) {
      throw new Error(`Secret ${secret.id} has no payload; the verb was to notice.`)
    }
    const binding = { secretId: secret.id, secretType: secret.secretType, contentType }
    return this.#open(envelope, secret, () => this.#associatedData.payload(binding))
  }

  #sealPayload(projectKey: ProjectKey, binding: PayloadBinding, payload: Uint8Array): Uint8Array {
    return this.#seal(projectKey, binding, this.#associatedData.payload(binding), payload)
  }

  #seal(
    projectKey: ProjectKey,
    place: EnvelopePlace,
    associatedData: Uint8Array,
    payload: Uint8Array,
  ): Uint8Array {
    const envelope = Buffer.allocUnsafeSlow(ENVELOPE_OVERHEAD_BYTES + payload.length)
    envelope[0] = ENVELOPE_FORMAT
    envelope[1] = ENVELOPE_ALGORITHM_AES_256_GCM
    envelope.writeUInt16BE(ENVELOPE_FLAGS, 2)
    envelope.set(projectKey.id, 4)
    // One draw for all that is random: the DEK, then both nonces.
    const random = randomBytes(DEK_BYTES + 2 * NONCE_BYTES)
    const dek = random.subarray(0, DEK_BYTES)
    try {
      envelope.set(random.subarray(DEK_BYTES, DEK_BYTES + NONCE_BYTES), DEK_AT)
      envelope.set(random.subarray(DEK_BYTES + NONCE_BYTES), PAYLOAD_AT)
      const header = envelope.subarray(0, ENVELOPE_HEADER_BYTES)
      projectKey.wrapDek(dek, this.#associatedData.dek(header, place), envelope, DEK_AT)
      sealGcm(createSecretKey(dek), associatedData, payload, envelope, PAYLOAD_AT)
    } finally {
      random.fill(0)
    }
    return envelope
  }

  /** @param payloadData asked for at the end of all waiting: the buffer behind it serves every call */
  async #open(
    envelope: Uint8Array,
    record: Secret | Order,
    payloadData: () => Uint8Array,
  ): Promise<Buffer> {
    const found = this.#find(envelope, record)
    const projectKey = this.#present(found instanceof Promise ? await found : found, record)
    let what = 'data key does not open'
    try {
      const header = envelope.subarray(0, ENVELOPE_HEADER_BYTES)
      const place = { projectId: record.projectId, secretId: record.id }
      const dekData = this.#associatedData.dek(header, place)
      const dek = projectKey.unwrapDek(envelope, DEK_AT, dekData)
      what = 'payload does not open'
      return openGcm(dek, payloadData(), envelope, PAYLOAD_AT, envelope.length)
    } catch (cause) {
      throw this.#damaged(record, what, cause)
    }
  }

  #damaged({ kind, id, projectId }: ProtectedRecord, what: string, cause?: unknown): Fault {
    this.#alarms.integrity({ what, kind, id, projectId })
    return new Fault('corrupted', `The stored ${kind} ${id}: ${what}.`, { cause })
  }
}

/** One form so far; formats 0x40 to 0x4f wait for adopted Barbican rows. */
function isWellFormed(envelope: Uint8Array): boolean {
  return (
    envelope.length >= ENVELOPE_OVERHEAD_BYTES &&
    envelope[0] === ENVELOPE_FORMAT &&
    envelope[1] === ENVELOPE_ALGORITHM_AES_256_GCM &&
    envelope[2] === ENVELOPE_FLAGS >> 8 &&
    envelope[3] === (ENVELOPE_FLAGS & 0xff)
  )
}
