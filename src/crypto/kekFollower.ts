import type { KekDescription } from '../domain/ports/crypto.ts'
import type { CapableKekStore } from '../domain/ports/kekChanges.ts'
import type { DeploymentRepository } from '../domain/ports/keyRepositories.ts'
import { refuseUnfitKeks } from './deployment.ts'

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
 * in use is there. Never keeps the process alive.
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
    for (const kekStore of this.#parts.kekStores) await this.#lookAt(kekStore, isAsked)
  }

  async #lookAt(kekStore: CapableKekStore, isAsked: boolean): Promise<void> {
    const { deployment, monotonicMs, onEvent } = this.#parts
    const { name: store } = kekStore
    const refusal = this.#refusals.get(store)
    if (!isAsked && refusal !== undefined && monotonicMs() - refusal.atMs < LOOK_AGAIN_MS) return
    try {
      const outcome = await kekStore.reload?.(async (found) => {
        const { canaries } = await deployment.read()
        refuseUnfitKeks(canaries, store, found)
      })
      this.#refusals.delete(store)
      if (outcome === 'changed') onEvent({ type: 'taken', store, keks: kekStore.describe() })
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.#refusals.set(store, { reason, atMs: monotonicMs() })
      if (refusal?.reason !== reason) onEvent({ type: 'refused', store, reason })
    }
  }
}
