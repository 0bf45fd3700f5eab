import type { KekDescription, KekStore, WrappedKey } from '../../../domain/ports/crypto.ts'
import { Fault, unavailable } from '../../../lib/fault.ts'
import type { ConfiguredKeks } from '../configuredKeks.ts'
import { KEK_BYTES } from '../kek.ts'
import { orAway } from '../orAway.ts'
import { SoundExamples } from '../soundExamples.ts'
import { type AwsKms, AwsRefusal, type EncryptionContext } from './awsKms.ts'

export interface AwsKekStoreParts {
  readonly name: string
  readonly client: AwsKms
  /** Their ids are ARNs. */
  readonly keks: ConfiguredKeks
  readonly protection: string
}

/** `format 1 | what KMS made` */
const FORMAT = 1
const LEAST_BYTES = 1 + KEK_BYTES + 16
const MOST_BYTES = 1024

/** Said of the very bytes: they are not what KMS made, or not under this key, or not in this context. */
const OF_THE_BLOB = new Set(['InvalidCiphertextException', 'IncorrectKeyException'])
/** Could be said of a key that damaged bytes name, and of our own. */
const OF_SOME_KEY = new Set(['NotFoundException', 'AccessDeniedException', 'ValidationException'])

/** KEKs in AWS KMS, or in another service that speaks its API. They never come here. */
export class AwsKekStore implements KekStore {
  readonly name: string
  readonly #client: AwsKms
  readonly #keks: ConfiguredKeks
  readonly #protection: string
  readonly #examples = new SoundExamples((wrapped, context, signal) =>
    this.#unwrap(wrapped, context, signal),
  )
  #isClosed = false

  constructor({ name, client, keks, protection }: AwsKekStoreParts) {
    this.name = name
    this.#client = client
    this.#keks = keks
    this.#protection = protection
  }

  describe(): KekDescription {
    return { kind: 'awskms', ...this.#keks.describe(), protection: this.#protection }
  }

  wrap(projectKey: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey> {
    return this.wrapUnder(this.#keks.current, projectKey, context, signal)
  }

  /** As `wrap`, under a KEK that is not current yet. */
  async wrapUnder(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    this.#refuseWhenClosed(signal)
    if (bytes.length !== KEK_BYTES) {
      throw new Error(`A store at AWS wraps ${KEK_BYTES} bytes, not ${bytes.length}.`)
    }
    return await this.#orAway(signal, async () => {
      const bound = encryptionContext(context)
      const sealed = await this.#client.encrypt(kekId, bytes, bound, signal)
      return { kekId, blob: Buffer.concat([Uint8Array.of(FORMAT), sealed]) }
    })
  }

  /** The database's canaries say at the next start which KEK it was. */
  async promote(kekId: string): Promise<void> {
    this.#keks.promote(kekId)
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.#refuseWhenClosed(signal)
    const { kekId, blob } = wrapped
    this.#keks.refuseUnknown(kekId)
    if (blob[0] !== FORMAT || blob.length < LEAST_BYTES || blob.length > MOST_BYTES) {
      throw new Fault('corrupted', 'The wrapped key has an unknown form.')
    }
    return await this.#orAway(signal, async () => {
      try {
        const key = await this.#unwrap(wrapped, context, signal)
        this.#examples.opened(wrapped, context)
        return key
      } catch (cause) {
        if (!(await this.#isBlobAtFault(cause, wrapped, signal))) throw cause
        const what = `The wrapped key does not open under KEK ${kekId}.`
        throw new Fault('corrupted', what, { cause })
      }
    })
  }

  /** Also shows that our credentials are taken; uses no key. */
  async health(signal: AbortSignal): Promise<void> {
    this.#refuseWhenClosed(signal)
    await this.#orAway(signal, () => this.#client.describeKey(this.#keks.current, signal))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#client.close()
  }

  async #unwrap(
    { kekId, blob }: WrappedKey,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const bound = encryptionContext(context)
    const key = await this.#client.decrypt(kekId, blob.subarray(1), bound, signal)
    if (key.length === KEK_BYTES) return key
    key.fill(0)
    throw new Fault('corrupted', `What KEK ${kekId} opens is no project key.`)
  }

  async #isBlobAtFault(cause: unknown, wrapped: WrappedKey, signal: AbortSignal): Promise<boolean> {
    if (!(cause instanceof AwsRefusal)) return false
    if (OF_THE_BLOB.has(cause.type)) return true
    return OF_SOME_KEY.has(cause.type) && (await this.#examples.doOpen(wrapped, signal))
  }

  #orAway<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return orAway({ name: this.name, isClosed: () => this.#isClosed }, signal, work)
  }

  #refuseWhenClosed(signal: AbortSignal): void {
    if (this.#isClosed) throw unavailable(`The KEK store ${this.name} is closed.`)
    signal.throwIfAborted()
  }
}

/** Not secret: it stands in CloudTrail, and a key policy may ask for it. */
function encryptionContext(context: Uint8Array): EncryptionContext {
  return { 'gatehouse-context': Buffer.from(context).toString('base64') }
}
