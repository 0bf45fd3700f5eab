import type { KekDescription, KekStore, WrappedKey } from '../../../domain/ports/crypto.ts'
import { Fault, unavailable } from '../../../lib/fault.ts'
import { withDeadline } from '../../deadline.ts'
import { KEK_BYTES, type KekFacts } from '../kek.ts'
import { orAway } from '../orAway.ts'
import { bindsContext, SoundExamples } from '../soundExamples.ts'
import { boundTo } from '../unseenKek.ts'
import type { TransitClient } from './transitClient.ts'
import {
  kekFacts,
  kekIdOf,
  mayEncrypt,
  type TransitKey,
  versionIn,
  versionsOf,
  weaknesses,
} from './transitKey.ts'
import { VaultRefusal } from './vaultHttp.ts'

export interface TransitKekStoreParts {
  readonly name: string
  readonly client: TransitClient
  readonly keyName: string
  readonly key: TransitKey
  /** The version that wraps. */
  readonly current: number
  /** Where it is, for people. */
  readonly place: string
}

/** `format 1 | what Vault made: nonce, wrapped key, tag` */
const FORMAT = 1
const LEAST_BYTES = 1 + KEK_BYTES + 16
const MOST_BYTES = 255
const RELOAD_MS = 10_000
const LABEL = 'gatehouse/transit-wrap/1'

/** KEKs that are the versions of a key in the transit engine of Vault or OpenBao. They never come here. */
export class TransitKekStore implements KekStore {
  readonly name: string
  readonly #client: TransitClient
  readonly #keyName: string
  readonly #place: string
  #key: TransitKey
  #current: number
  readonly #examples = new SoundExamples((wrapped, context, signal) =>
    this.#unwrap(wrapped, context, signal),
  )
  #isClosed = false

  constructor({ name, client, keyName, key, current, place }: TransitKekStoreParts) {
    this.name = name
    this.#client = client
    this.#keyName = keyName
    this.#key = key
    this.#current = current
    this.#place = place
  }

  describe(): KekDescription {
    return this.#described(this.#key)
  }

  wrap(projectKey: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey> {
    return this.wrapUnder(kekIdOf(this.#keyName, this.#current), projectKey, context, signal)
  }

  /** As `wrap`, under a version that is not current yet. */
  async wrapUnder(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    this.#refuseWhenClosed(signal)
    if (bytes.length !== KEK_BYTES) {
      throw new Error(`A transit store wraps ${KEK_BYTES} bytes, not ${bytes.length}.`)
    }
    return await this.#orAway(signal, () => this.#wrap(kekId, bytes, context, signal))
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.#refuseWhenClosed(signal)
    await this.#refuseUnknown(wrapped.kekId, signal)
    const { length, 0: format } = wrapped.blob
    if (format !== FORMAT || length < LEAST_BYTES || length > MOST_BYTES) {
      throw new Fault('corrupted', 'The wrapped key has an unknown form.')
    }
    return await this.#orAway(signal, async () => {
      try {
        return await this.#unwrap(wrapped, context, signal)
      } catch (cause) {
        if (!(await this.#isBlobAtFault(cause, wrapped, signal))) throw cause
        const what = `The wrapped key does not open under KEK ${wrapped.kekId}.`
        throw new Fault('corrupted', what, { cause })
      }
    })
  }

  /** Makes the next version of the key; it unwraps, and wraps once it is promoted. */
  async generate(signal: AbortSignal): Promise<KekFacts> {
    this.#refuseWhenClosed(signal)
    await this.#orAway(signal, async () => {
      await this.#client.rotate(signal)
      await this.#refresh(signal)
    })
    const newest = this.describe().keks.at(-1)
    if (newest === undefined) throw unavailable(`${this.name} has no version of its key.`)
    return newest
  }

  /** The database's canaries say at the next start which version it was. */
  async promote(kekId: string, signal: AbortSignal): Promise<void> {
    this.#refuseWhenClosed(signal)
    await this.#orAway(signal, () => this.#refresh(signal))
    const version = versionIn(this.#keyName, kekId)
    if (version === undefined || !versionsOf(this.#key).includes(version)) {
      throw new Error(`${this.name} has no KEK ${kekId}.`)
    }
    if (!mayEncrypt(this.#key, version)) {
      throw new Error(`${kekId} is older than Vault lets anybody encrypt with.`)
    }
    this.#current = version
  }

  /**
   * Takes up versions that somebody made at Vault, and bounds that somebody moved.
   * @throws Error when `take` does not agree; what was before stays in use
   */
  async reload(take: (found: KekDescription) => void): Promise<'same' | 'changed'> {
    const found = await withDeadline(RELOAD_MS, (signal) => this.#client.readKey(signal))
    if (JSON.stringify(found) === JSON.stringify(this.#key)) return 'same'
    take(this.#described(found))
    this.#key = found
    return 'changed'
  }

  async health(signal: AbortSignal): Promise<void> {
    this.#refuseWhenClosed(signal)
    await this.#orAway(signal, () => this.#client.health(signal))
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#client.close()
  }

  /** Shows once that Vault binds the context: one that is too old for associated data ignores it. */
  async bindsContext(signal: AbortSignal): Promise<boolean> {
    const kekId = kekIdOf(this.#keyName, this.#current)
    return await bindsContext(
      {
        wrap: (key, context, until) => this.#wrap(kekId, key, context, until),
        unwrap: (wrapped, context, until) => this.#unwrap(wrapped, context, until),
      },
      signal,
    )
  }

  #described(key: TransitKey): KekDescription {
    const but = weaknesses(key)
    const remark = but.length === 0 ? '' : ` (${but.join(', ')})`
    return {
      kind: 'transit',
      currentKekId: kekIdOf(this.#keyName, this.#current),
      keks: kekFacts(this.#keyName, key, this.#current),
      protection: `${key.type} in transit at ${this.#place}${remark}`,
    }
  }

  async #wrap(
    kekId: string,
    bytes: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    const version = versionIn(this.#keyName, kekId)
    if (version === undefined) throw new Error(`${this.name} has no KEK ${kekId}.`)
    const sealed = await this.#client.encrypt(
      version,
      bytes,
      boundTo(LABEL, kekId, context),
      signal,
    )
    return { kekId, blob: Buffer.concat([Uint8Array.of(FORMAT), sealed]) }
  }

  async #unwrap(
    { kekId, blob }: WrappedKey,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const version = versionIn(this.#keyName, kekId) ?? 0
    const associatedData = boundTo(LABEL, kekId, context)
    const key = await this.#client.decrypt(version, blob.subarray(1), associatedData, signal)
    if (key.length === KEK_BYTES) {
      this.#examples.opened({ kekId, blob }, context)
      return key
    }
    key.fill(0)
    throw new Fault('corrupted', `What KEK ${kekId} opens is no project key.`)
  }

  /** Another node may have made a version that this process has not heard of. */
  async #refuseUnknown(kekId: string, signal: AbortSignal): Promise<void> {
    const version = versionIn(this.#keyName, kekId)
    if (version === undefined) {
      throw new Fault('corrupted', `KEK ${kekId} is no version of the key ${this.#keyName}.`)
    }
    if (!versionsOf(this.#key).includes(version)) {
      await this.#orAway(signal, () => this.#refresh(signal))
      if (!versionsOf(this.#key).includes(version)) {
        throw new Fault('corrupted', `The key ${this.#keyName} has no version ${version}.`)
      }
    }
    if (version < this.#key.min_decryption_version) {
      await this.#orAway(signal, () => this.#refresh(signal))
      if (version >= this.#key.min_decryption_version) return
      throw unavailable(
        `KEK ${kekId} is older than min_decryption_version (${this.#key.min_decryption_version}) of the transit key.`,
      )
    }
  }

  async #refresh(signal: AbortSignal): Promise<void> {
    this.#key = await this.#client.readKey(signal)
  }

  async #isBlobAtFault(cause: unknown, wrapped: WrappedKey, signal: AbortSignal): Promise<boolean> {
    if (!(cause instanceof VaultRefusal) || cause.status !== 400) return false
    if (cause.said.includes('disallowed by policy')) return false
    return await this.#examples.doOpen(wrapped, signal)
  }

  #orAway<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return orAway({ name: this.name, isClosed: () => this.#isClosed }, signal, work)
  }

  #refuseWhenClosed(signal: AbortSignal): void {
    if (this.#isClosed) throw unavailable(`The KEK store ${this.name} is closed.`)
    signal.throwIfAborted()
  }
}
