import type { KekDescription, KekStore, WrappedKey } from '../../../domain/ports/crypto.ts'
import { Fault, unavailable } from '../../../lib/fault.ts'
import type { ConfiguredKeks } from '../configuredKeks.ts'
import { KEK_BYTES } from '../kek.ts'
import { bindsContext, SoundExamples } from '../soundExamples.ts'
import type { KmipClient } from './kmipClient.ts'
import { KmipRefusal } from './kmipMessages.ts'
import { maySpeakOfData } from './kmipNames.ts'
import type { KmipWrapping } from './kmipWrapping.ts'

export interface KmipKekStoreParts {
  readonly name: string
  readonly client: KmipClient
  /** All ways in which this store ever wrapped, the one for new keys first. */
  readonly wrappings: readonly [KmipWrapping, ...KmipWrapping[]]
  readonly keks: ConfiguredKeks
  readonly protection: string
}

/** KEKs in a KMIP server. Project keys go there to be wrapped; the KEKs never come here. */
export class KmipKekStore implements KekStore {
  readonly name: string
  readonly #client: KmipClient
  readonly #wrappings: KmipKekStoreParts['wrappings']
  readonly #keks: ConfiguredKeks
  readonly #protection: string
  readonly #examples: SoundExamples
  #isClosed = false

  constructor({ name, client, wrappings, keks, protection }: KmipKekStoreParts) {
    this.name = name
    this.#client = client
    this.#wrappings = wrappings
    this.#examples = new SoundExamples((wrapped, context, signal) =>
      this.#wrappingOf(wrapped).unwrap(wrapped.kekId, wrapped.blob, context, signal),
    )
    this.#keks = keks
    this.#protection = protection
  }

  describe(): KekDescription {
    return { kind: 'kmip', ...this.#keks.describe(), protection: this.#protection }
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
      throw new Error(`A KMIP store wraps ${KEK_BYTES} bytes, not ${bytes.length}.`)
    }
    const [wrapping] = this.#wrappings
    try {
      return { kekId, blob: await wrapping.wrap(kekId, bytes, context, signal) }
    } catch (cause) {
      throw this.#away(cause, signal)
    }
  }

  /** The database's canaries say at the next start which KEK it was. */
  async promote(kekId: string): Promise<void> {
    this.#keks.promote(kekId)
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.#refuseWhenClosed(signal)
    const { kekId, blob } = wrapped
    this.#keks.refuseUnknown(kekId)
    const wrapping = this.#wrappingOf(wrapped)
    try {
      const key = await wrapping.unwrap(kekId, blob, context, signal)
      this.#examples.opened(wrapped, context)
      return key
    } catch (cause) {
      if (cause instanceof Fault) throw cause
      if (await this.#isBlobAtFault(cause, wrapped, signal)) {
        const what = `The wrapped key does not open under KEK ${kekId}.`
        throw new Fault('corrupted', what, { cause })
      }
      throw this.#away(cause, signal)
    }
  }

  async health(signal: AbortSignal): Promise<void> {
    this.#refuseWhenClosed(signal)
    try {
      await this.#client.greet(signal)
    } catch (cause) {
      throw this.#away(cause, signal)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#client.close()
  }

  /** Shows once that the server binds the context. @returns false when a key opened in another place than its own */
  async bindsContext(signal: AbortSignal): Promise<boolean> {
    const [wrapping] = this.#wrappings
    const kekId = this.#keks.current
    return await bindsContext(
      {
        wrap: async (key, context, until) => ({
          kekId,
          blob: await wrapping.wrap(kekId, key, context, until),
        }),
        unwrap: async (wrapped, context, until) => {
          const key = await wrapping.unwrap(kekId, wrapped.blob, context, until)
          this.#examples.opened(wrapped, context)
          return key
        },
      },
      signal,
    )
  }

  #wrappingOf({ blob }: WrappedKey): KmipWrapping {
    const wrapping = this.#wrappings.find(({ format }) => format === blob[0])
    if (wrapping !== undefined && blob.length === wrapping.bytes) return wrapping
    throw new Fault('corrupted', 'The wrapped key has an unknown form.')
  }

  async #isBlobAtFault(cause: unknown, wrapped: WrappedKey, signal: AbortSignal): Promise<boolean> {
    if (!(cause instanceof KmipRefusal) || !maySpeakOfData(cause.reason)) return false
    return await this.#examples.doOpen(wrapped, signal)
  }

  #away(cause: unknown, signal: AbortSignal): unknown {
    if (this.#isClosed) return unavailable(`The KEK store ${this.name} is closed.`, cause)
    if (signal.aborted) return signal.reason
    const what = cause instanceof Error ? cause.message : String(cause)
    return unavailable(`The KEK store ${this.name} cannot be used: ${what}.`, cause)
  }

  #refuseWhenClosed(signal: AbortSignal): void {
    if (this.#isClosed) throw unavailable(`The KEK store ${this.name} is closed.`)
    signal.throwIfAborted()
  }
}
