import { randomBytes } from 'node:crypto'
import type { Alarms, OrderInputs, PayloadBinding, Sealer } from '../domain/ports/crypto.ts'
import { Fault } from '../lib/fault.ts'
import type { Order } from '../model/order.ts'
import type { ProtectedRecord, Verified } from '../model/record.ts'
import { projectKeyIdOfEnvelope, projectKeyIdOfRowMac } from '../model/sealedForms.ts'
import type { Secret } from '../model/secret.ts'
import type { Grant } from '../policy/grant.ts'
import type { EnvelopePlace } from './associatedData.ts'
import type { EnvelopeContents, EnvelopeFormat, EnvelopeFormats } from './envelopeFormat.ts'
import { formatsOfRelease } from './formatsOfRelease.ts'
import type { Keyring } from './keyring.ts'
import type { ProjectKey } from './projectKey.ts'

export interface EnvelopeSealerParts {
  readonly keyring: Keyring
  readonly deploymentId: string
  readonly alarms: Alarms
  /** Those of this release, unless a test says otherwise. */
  readonly formats?: EnvelopeFormats | undefined
}

/** Payloads, and inputs of orders, in envelopes of the formats that this release knows. */
export class EnvelopeSealer implements Sealer {
  readonly formats: EnvelopeFormats
  readonly #keyring: Keyring
  readonly #alarms: Alarms

  constructor(parts: EnvelopeSealerParts) {
    this.#keyring = parts.keyring
    this.#alarms = parts.alarms
    this.formats = parts.formats ?? formatsOfRelease(parts.deploymentId)
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
   * The same payload, or input of an order, with its data key under another key.
   * @throws Fault('corrupted') when the data key does not open; the alarm was raised
   */
  async rewrap(
    record: Secret | Order,
    envelope: Uint8Array,
    toStore?: string,
  ): Promise<Uint8Array> {
    const { format, key: from } = await this.#heldBy(record, envelope)
    const to = await this.#keyring.activeForWrapIn(toStore ?? from.store, record.projectId)
    try {
      return format.moveDek(from, to, placeOf(record), envelope)
    } catch (cause) {
      throw this.#damaged(record, 'data key does not open', cause)
    }
  }

  /**
   * What is sealed in an older format, in that of this release, under the active key of its own store. It is in clear
   * meanwhile, and wiped.
   * @throws Fault('corrupted') when it does not open; the alarm was raised
   */
  async reseal(record: Secret | Order, envelope: Uint8Array): Promise<Uint8Array> {
    const { key } = await this.#heldBy(record, envelope)
    const to = await this.#keyring.activeForWrapIn(key.store, record.projectId)
    const contents = contentsOf(record)
    const payload = await this.#open(envelope, record)
    try {
      return this.formats.written.seal(to, placeOf(record), contents, payload)
    } finally {
      payload.fill(0)
    }
  }

  /** Opens the data key alone. @throws Fault('corrupted') when it does not; the alarm was raised */
  async proveDek(record: Secret | Order, envelope: Uint8Array): Promise<void> {
    const { format, key } = await this.#heldBy(record, envelope)
    try {
      format.unwrapDek(key, placeOf(record), envelope)
    } catch (cause) {
      throw this.#damaged(record, 'data key does not open', cause)
    }
  }

  async #heldBy(
    record: Secret | Order,
    envelope: Uint8Array,
  ): Promise<{ readonly format: EnvelopeFormat; readonly key: ProjectKey }> {
    const format = this.#formatOf(envelope, record)
    const key = await this.#keyring.find(projectKeyIdOfEnvelope(envelope))
    return { format, key: this.#present(key, record) }
  }

  #formatOf(envelope: Uint8Array, record: Secret | Order): EnvelopeFormat {
    const format = this.formats.of(envelope)
    if (format === undefined) throw this.#damaged(record, this.formats.flawOf(envelope))
    return format
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
      const contents: EnvelopeContents = { kind: 'orderInput', orderId: id }
      return this.formats.written.seal(projectKey, { projectId, secretId: id }, contents, input)
    },
    open: async (order: Verified<Order>, sealed) => this.#open(sealed, order),
  }

  async #openPayload(secret: Verified<Secret>): Promise<Buffer> {
    const { envelope } = secret
    if (envelope === null) throw withoutPayload(secret)
    return this.#open(envelope, secret)
  }

  #sealPayload(projectKey: ProjectKey, binding: PayloadBinding, payload: Uint8Array): Uint8Array {
    return this.formats.written.seal(projectKey, binding, { ...binding, kind: 'payload' }, payload)
  }

  async #open(envelope: Uint8Array, record: Secret | Order): Promise<Buffer> {
    const contents = contentsOf(record)
    const format = this.#formatOf(envelope, record)
    // Without a promise where it is at hand: reads come this way.
    const found = this.#keyring.find(projectKeyIdOfEnvelope(envelope))
    const projectKey = this.#present(found instanceof Promise ? await found : found, record)
    const place = placeOf(record)
    let what = 'data key does not open'
    try {
      const dek = format.unwrapDek(projectKey, place, envelope)
      what = 'payload does not open'
      return format.open(dek, contents, envelope)
    } catch (cause) {
      throw this.#damaged(record, what, cause)
    }
  }

  #damaged({ kind, id, projectId }: ProtectedRecord, what: string, cause?: unknown): Fault {
    this.#alarms.integrity({ what, kind, id, projectId })
    return new Fault('corrupted', `The stored ${kind} ${id}: ${what}.`, { cause })
  }
}

function placeOf({ projectId, id }: Secret | Order): EnvelopePlace {
  return { projectId, secretId: id }
}

function contentsOf(record: Secret | Order): EnvelopeContents {
  if (record.kind === 'order') return { kind: 'orderInput', orderId: record.id }
  const { id: secretId, secretType, contentType } = record
  if (contentType === null) throw withoutPayload(record)
  return { kind: 'payload', secretId, secretType, contentType }
}

function withoutPayload({ id }: Secret): Error {
  return new Error(`Secret ${id} has no payload; the verb was to notice.`)
}
