import type { KeyObject } from 'node:crypto'
import type { SealStatus, ShareAnswer, Unsealing } from '../../../domain/ports/unsealing.ts'
import { Fault } from '../../../lib/fault.ts'
import { StartupRefusal } from '../../../lib/startupRefusal.ts'
import { ShareDesk } from './shareDesk.ts'
import type { ShareScheme } from './shareScheme.ts'
import { readShare, ShareRefused } from './shareText.ts'

/** A KEK store as the one who gathers its shares sees it; the store itself may be in other processes. */
export interface SharedStore {
  readonly name: string
  readScheme(): Promise<ShareScheme>
  isSealed(): boolean
  /** @throws StartupRefusal with the reason why it stays sealed */
  unseal(key: KeyObject): Promise<void>
  seal(): void
}

export type SealEvent =
  | {
      readonly kind: 'shareTaken'
      readonly store: string
      readonly have: number
      readonly threshold: number
    }
  | { readonly kind: 'shareRefused'; readonly reason: string }
  | { readonly kind: 'unsealed'; readonly store: string }
  | { readonly kind: 'unsealFailed'; readonly store: string; readonly reason: string }
  | { readonly kind: 'sealed' }

export interface SharedStoresParts {
  readonly stores: readonly SharedStore[]
  readonly monotonicMs: () => number
  readonly onEvent: (event: SealEvent) => void
}

/** Five slips of the pen a minute; who guesses needs longer than there is time. */
const MOST_REFUSALS = 5
const REFUSALS_WITHIN_MS = 60_000

/** Gathers shares for all KEK stores that want them; each share says itself where it belongs. */
export class SharedStores implements Unsealing {
  readonly #parts: SharedStoresParts
  readonly #desks: ReadonlyMap<SharedStore, ShareDesk>
  #refusedAtMs: number[] = []

  constructor(parts: SharedStoresParts) {
    this.#parts = parts
    this.#desks = new Map(
      parts.stores.map((store) => [store, new ShareDesk({ readScheme: () => store.readScheme() })]),
    )
  }

  async status(): Promise<readonly SealStatus[]> {
    return Promise.all([...this.#desks].map(([store, desk]) => statusOf(store, desk)))
  }

  async bring(text: Buffer): Promise<ShareAnswer> {
    const waitMs = this.#waitMs()
    if (waitMs > 0) {
      text.fill(0)
      const sentence = 'Too many shares were refused within a minute: wait, then try again.'
      return { isTaken: false, sentence, retryAfterSeconds: Math.ceil(waitMs / 1000) }
    }
    try {
      return await this.#take(text)
    } catch (error) {
      text.fill(0)
      if (!(error instanceof ShareRefused) && !(error instanceof StartupRefusal)) throw error
      if (error instanceof ShareRefused) {
        this.#refusedAtMs.push(this.#parts.monotonicMs())
        this.#parts.onEvent({ kind: 'shareRefused', reason: error.message })
      }
      return { isTaken: false, sentence: error.message }
    }
  }

  reset(): void {
    for (const desk of this.#desks.values()) desk.reset()
  }

  async seal(): Promise<void> {
    this.reset()
    for (const store of this.#desks.keys()) store.seal()
    this.#parts.onEvent({ kind: 'sealed' })
  }

  async #take(text: Buffer): Promise<ShareAnswer> {
    const share = readShare(text)
    const all = await this.status()
    const found = [...this.#desks].find((_, index) => all[index]?.set === share.set)
    const [store, desk] = found ?? []
    if (store === undefined || desk === undefined) {
      share.value.fill(0)
      const wanted = all.map(({ store: name, set }) => `${set} (${name})`).join(', ')
      throw new ShareRefused(
        `This share belongs to ${share.set}: to another keyring, or to this one before its shares were dealt anew. Wanted are shares of ${wanted}.`,
      )
    }
    if (!store.isSealed()) {
      share.value.fill(0)
      return { isTaken: true, status: await statusOf(store, desk) }
    }
    const { threshold } = share
    const key = await desk.take(share)
    if (key === undefined) {
      const status = await statusOf(store, desk)
      this.#parts.onEvent({ kind: 'shareTaken', store: store.name, have: status.have, threshold })
      return { isTaken: true, status }
    }
    try {
      await store.unseal(key)
    } catch (error) {
      if (!(error instanceof StartupRefusal) && !isAway(error)) throw error
      const reason = error.message
      this.#parts.onEvent({ kind: 'unsealFailed', store: store.name, reason })
      throw new StartupRefusal(`It stays sealed, and shares are wanted again. ${reason}`, {
        cause: error,
      })
    }
    this.#parts.onEvent({ kind: 'unsealed', store: store.name })
    return { isTaken: true, status: await statusOf(store, desk) }
  }

  #waitMs(): number {
    const nowMs = this.#parts.monotonicMs()
    this.#refusedAtMs = this.#refusedAtMs.filter((atMs) => nowMs - atMs < REFUSALS_WITHIN_MS)
    const [first] = this.#refusedAtMs
    return first === undefined || this.#refusedAtMs.length < MOST_REFUSALS
      ? 0
      : first + REFUSALS_WITHIN_MS - nowMs
  }
}

/** The database, which has the canaries. */
function isAway(error: unknown): error is Fault {
  return error instanceof Fault && error.kind === 'unavailable'
}

async function statusOf(store: SharedStore, desk: ShareDesk): Promise<SealStatus> {
  const { set, threshold, have } = await desk.progress()
  return { store: store.name, isSealed: store.isSealed(), set, threshold, have }
}
