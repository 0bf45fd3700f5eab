import type { KekDescription, KekStore, WrappedKey } from '../../domain/ports/crypto.ts'
import type { CapableKekStore, KekReload, KnownKek } from '../../domain/ports/kekChanges.ts'

interface Held {
  readonly store: CapableKekStore
  /** Calls under way in it. */
  calls: number
}

/**
 * A KEK store in whose place another one can be put while it is in use, for its settings have changed. Calls under way
 * end where they began; then the one before is closed.
 */
export class ReplaceableKekStore implements KekStore, KekReload {
  readonly name: string
  readonly #leaving = new Set<Held>()
  #held: Held
  #isClosed = false

  constructor(store: CapableKekStore) {
    this.name = store.name
    this.#held = { store, calls: 0 }
  }

  /** The caller has seen that it has all KEKs that are in use. */
  async replace(store: CapableKekStore): Promise<void> {
    if (this.#isClosed) return await store.close()
    const before = this.#held
    this.#held = { store, calls: 0 }
    this.#leaving.add(before)
    await this.#closeIfDone(before)
  }

  describe(): KekDescription {
    return this.#held.store.describe()
  }

  wrap(projectKey: Uint8Array, context: Uint8Array, signal: AbortSignal): Promise<WrappedKey> {
    return this.#use((store) => store.wrap(projectKey, context, signal))
  }

  unwrap(wrapped: WrappedKey, context: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    return this.#use((store) => store.unwrap(wrapped, context, signal))
  }

  health(signal: AbortSignal): Promise<void> {
    return this.#use((store) => store.health(signal))
  }

  reload(take: (found: KekDescription) => Promise<void>): Promise<'same' | 'changed'> {
    return this.#use(async (store) => (await store.reload?.(take)) ?? 'same')
  }

  follow(known: readonly KnownKek[]): boolean {
    return this.#held.store.follow?.(known) ?? false
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const all = [this.#held, ...this.#leaving]
    this.#leaving.clear()
    await Promise.all(all.map(({ store }) => store.close()))
  }

  async #use<T>(work: (store: CapableKekStore) => Promise<T>): Promise<T> {
    const held = this.#held
    held.calls += 1
    try {
      return await work(held.store)
    } finally {
      held.calls -= 1
      await this.#closeIfDone(held)
    }
  }

  async #closeIfDone(held: Held): Promise<void> {
    if (held.calls === 0 && this.#leaving.delete(held)) await held.store.close()
  }
}
