import type { CacheSeal } from '../domain/ports/cacheSeal.ts'
import type { Clock } from '../lib/clock.ts'
import type { KeystoneAnswer } from './keystoneAnswer.ts'
import { decodeShared, encodeShared } from './sharedAnswer.ts'
import type { CachedAnswer, TokenSpace } from './tokenCache.ts'

/** A cache outside of this process, which may lose, keep, exchange or invent what it likes. */
export interface RemoteCache {
  /** undefined: there is none of this name. @throws when there was no usable reply in time */
  get(name: string): Promise<Buffer | undefined>
  /** @throws as `get` */
  set(name: string, value: Buffer, lifeMs: number): Promise<void>
  /** @throws as `get` */
  delete(name: string): Promise<void>
}

export interface SharedTokensParts {
  readonly cache: RemoteCache
  readonly seal: CacheSeal
  readonly clock: Clock
  readonly onLookup: (outcome: SharedLookup) => void
}

/** 'refused': what came back is not what one of us put there under this name, or is not usable. 'unkept': an answer was not taken. */
export const SHARED_LOOKUPS = ['hit', 'miss', 'refused', 'unanswered', 'unkept'] as const
export type SharedLookup = (typeof SHARED_LOOKUPS)[number]

/**
 * The second level below the token cache: what another process has heard from Keystone a moment ago. It says
 * when that was, so an answer grows no younger by changing hands, and nothing that it does can be an error.
 */
export class SharedTokens {
  readonly #parts: SharedTokensParts

  constructor(parts: SharedTokensParts) {
    this.#parts = parts
  }

  /** Never rejects. The caller judges whether the answer is young enough. */
  async find(space: TokenSpace, key: string): Promise<CachedAnswer | undefined> {
    const { cache, seal, clock, onLookup } = this.#parts
    const name = seal.nameOf(space, key)
    let sealed: Buffer | undefined
    try {
      sealed = await cache.get(name)
    } catch {
      onLookup('unanswered')
      return undefined
    }
    if (sealed === undefined) {
      onLookup('miss')
      return undefined
    }
    const content = seal.open(name, sealed)
    const shared = content === undefined ? undefined : decodeShared(content)
    const ageMs = shared === undefined ? -1 : clock.epochMs() - shared.validatedAtEpochMs
    // From the future: the clocks of two nodes differ, and how old it is cannot be told.
    if (shared === undefined || ageMs < 0) {
      onLookup('refused')
      return undefined
    }
    onLookup('hit')
    return { answer: shared.answer, validatedAtMs: clock.monotonicMs() - ageMs }
  }

  /** Handed over and forgotten: whether it is kept is nobody's concern. */
  keep(space: TokenSpace, key: string, known: CachedAnswer, cacheTimeMs: number): void {
    const { cache, seal, clock, onLookup } = this.#parts
    const ageMs = Math.max(0, clock.monotonicMs() - known.validatedAtMs)
    const nowMs = clock.epochMs()
    const leftMs = Math.floor(Math.min(cacheTimeMs - ageMs, lifeLeftMs(space, known.answer, nowMs)))
    if (leftMs <= 0) return
    const name = seal.nameOf(space, key)
    // Rounded down, it ends rather sooner than later.
    const validatedAtEpochMs = Math.floor(nowMs - ageMs)
    const sealed = seal.seal(name, encodeShared({ answer: known.answer, validatedAtEpochMs }))
    cache.set(name, sealed, leftMs).catch(() => onLookup('unkept'))
  }

  /** Keystone no longer knows it. Others may have it in memory, for as long as they would anyway. */
  forget(space: TokenSpace, key: string): void {
    const { cache, seal } = this.#parts
    cache.delete(seal.nameOf(space, key)).catch(() => undefined)
  }
}

function lifeLeftMs(space: TokenSpace, { expiresAtMs }: KeystoneAnswer, nowMs: number): number {
  return space === 'expired' ? Number.POSITIVE_INFINITY : expiresAtMs - nowMs
}
