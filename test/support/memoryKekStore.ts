import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  type KeyObject,
  randomBytes,
} from 'node:crypto'
import type { KekDescription, KekStore, WrappedKey } from '../../src/domain/ports/crypto.ts'
import { Fault, unavailable } from '../../src/lib/fault.ts'

/** What a test wants of the store: answer, be away, or never answer at all. */
export type KekStoreMood = 'well' | 'down' | 'silent'

/**
 * A KEK store in memory that can be taken away. Honest: it passes the contract suite. It counts its
 * calls, and shares no code with the real ones.
 */
export class MemoryKekStore implements KekStore {
  readonly name: string
  readonly calls = { wrap: 0, unwrap: 0 }
  mood: KekStoreMood = 'well'
  readonly #id = randomBytes(4).toString('hex')
  readonly #kek: KeyObject
  readonly #fingerprint: string
  #isClosed = false

  constructor(kek: Uint8Array = randomBytes(32), name = 'memory') {
    this.name = name
    this.#kek = createSecretKey(kek)
    this.#fingerprint = createHash('sha256')
      .update('fingerprint')
      .update(kek)
      .digest('hex')
      .slice(0, 32)
  }

  describe(): KekDescription {
    return {
      kind: 'memory',
      currentKekId: this.#id,
      keks: [
        {
          id: this.#id,
          state: 'primary',
          fingerprint: this.#fingerprint,
          createdAt: '2026-01-01T00:00:00.000000',
        },
      ],
      protection: 'none, this is a test',
    }
  }

  async wrap(
    projectKey: Uint8Array,
    context: Uint8Array,
    signal: AbortSignal,
  ): Promise<WrappedKey> {
    this.calls.wrap += 1
    await this.#answer(signal)
    const nonce = randomBytes(12)
    const cipher = createCipheriv('aes-256-gcm', this.#kek, nonce).setAAD(context)
    const body = Buffer.concat([cipher.update(projectKey), cipher.final()])
    return { kekId: this.#id, blob: Buffer.concat([nonce, body, cipher.getAuthTag()]) }
  }

  async unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    this.calls.unwrap += 1
    await this.#answer(signal)
    if (wrapped.kekId !== this.#id) throw new Fault('corrupted', `No KEK ${wrapped.kekId} is here.`)
    const { blob } = wrapped
    try {
      const decipher = createDecipheriv('aes-256-gcm', this.#kek, blob.subarray(0, 12), {
        authTagLength: 16,
      })
      decipher.setAAD(context).setAuthTag(blob.subarray(blob.length - 16))
      return Buffer.concat([decipher.update(blob.subarray(12, blob.length - 16)), decipher.final()])
    } catch (cause) {
      throw new Fault('corrupted', 'The wrapped key does not open.', { cause })
    }
  }

  async health(signal: AbortSignal): Promise<void> {
    await this.#answer(signal)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  async #answer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#isClosed) throw unavailable('The KEK store is closed.')
    if (this.mood === 'down') throw unavailable('The KEK store is away.')
    if (this.mood === 'silent') await new Promise(() => undefined)
  }
}
