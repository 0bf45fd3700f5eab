import type { KekDescription } from '../domain/ports/crypto.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { DeploymentRepository, DeploymentState } from '../domain/ports/keyRepositories.ts'
import { Fault } from '../lib/fault.ts'
import { refuseUnfitKeks } from './deployment.ts'
import { knownKeks } from './kek/knownKeks.ts'

export type KekEvent =
  | { readonly type: 'taken'; readonly store: string; readonly keks: KekDescription }
  /** What was before stays in use. */
  | { readonly type: 'refused'; readonly store: string; readonly reason: string }

export interface KekFollowerParts {
  readonly kekStores: readonly CapableKekStore[]
  readonly deployment: Pick<DeploymentRepository, 'read'>
  readonly monotonicMs: () => number
  readonly onEvent: (event: KekEvent) => void
  readonly everySeconds?: number
}

/** A broken file is opened again now and then: its seal may cost a second of work. */
const LOOK_AGAIN_MS = 30_000

/**
 * Takes up KEKs that changed outside, checked first: the primary one has its canary in the database, and all that is
 * in use is there. Where the database says which KEK wraps, does as it says. Never keeps the process alive.
 */
export class KekFollower {
  readonly #parts: KekFollowerParts
  readonly #refusals = new Map<string, { readonly reason: string; readonly atMs: number }>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined

  constructor(parts: KekFollowerParts) {
    this.#parts = parts
  }

  start(): void {
    const everyMs = (this.#parts.everySeconds ?? 2) * 1000
    this.#timer = setInterval(() => void this.#lookOnce(false), everyMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  /** One look, for SIGHUP: a file that was refused is opened again at once. Never rejects. */
  async look(): Promise<void> {
    await this.#looking
    await this.#lookOnce(true)
  }

  #lookOnce(isAsked: boolean): Promise<void> {
    this.#looking ??= this.#lookAtAll(isAsked).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  async #lookAtAll(isAsked: boolean): Promise<void> {
    let read: Promise<DeploymentState> | undefined
    const state = () => {
      read ??= this.#parts.deployment.read()
      return read
    }
    for (const kekStore of this.#parts.kekStores) await this.#lookAt(kekStore, isAsked, state)
  }

  async #lookAt(
    kekStore: CapableKekStore,
    isAsked: boolean,
    state: () => Promise<DeploymentState>,
  ): Promise<void> {
    const { monotonicMs, onEvent } = this.#parts
    const { name: store } = kekStore
    const refusal = this.#refusals.get(store)
    if (!isAsked && refusal !== undefined && monotonicMs() - refusal.atMs < LOOK_AGAIN_MS) return
    try {
      const outcome = await kekStore.reload?.(async (found) => {
        refuseUnfitKeks((await state()).canaries, store, found)
      })
      const known = kekStore.follow && knownKeks(store, (await state()).canaries)
      const follows = known !== undefined && known.length > 0 && kekStore.follow?.(known)
      this.#refusals.delete(store)
      if (outcome === 'changed' || follows === true)
        onEvent({ type: 'taken', store, keks: kekStore.describe() })
    } catch (cause) {
      // The database or the keeper is away, which others say: there is nothing wrong with any KEK.
      if (cause instanceof Fault && cause.kind === 'unavailable') return
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.#refusals.set(store, { reason, atMs: monotonicMs() })
      if (refusal?.reason !== reason) onEvent({ type: 'refused', store, reason })
    }
  }
}
