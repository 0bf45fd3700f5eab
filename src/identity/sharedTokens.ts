import type { CacheSeal } from '../domain/ports/cacheSeal.ts'
import type { Clock } from '../lib/clock.ts'
import type { KeystoneAnswer } from './keystoneAnswer.ts'
import { decodeShared, encodeShared } from './sharedAnswer.ts'
import type { CachedAnswer, TokenSpace } from './tokenCache.ts'

/** A cache outside of this process, which may lose, keep, exchange or invent what it likes. */
export interface RemoteCache {
  /** undefined: there is none of this name. @throws when there was no usable reply in time */
  get(name: string): Promise<Buffer | undefined>
  /** True for one of all who ask for this name within that time. @throws as `get` */
  claim(name: string, lifeMs: number): Promise<boolean>
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
  /** How long at most one that asks Keystone at this moment is waited for. */
  readonly waitMs: number
  readonly wait: (ms: number) => Promise<void>
}

export interface FoundAnswer {
  readonly space: TokenSpace
  readonly known: CachedAnswer
}

const LOOK_EVERY_MS = 5

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

  /**
   * Where nobody has an answer, whoever asks first goes to Keystone and the others wait for him, so that a token
   * which comes to all processes at once costs one question. Never rejects. The caller judges whether what is
   * found is young enough, and says with `keep`, `forget` or `release` that he is done.
   */
  async find(spaces: readonly TokenSpace[], key: string): Promise<FoundAnswer | undefined> {
    const { cache, onLookup, clock, waitMs, wait } = this.#parts
    try {
      const found = await this.#look(spaces, key)
      if (found !== undefined) return this.#told(found)
      const claim = this.#claimOf(spaces, key)
      if (!(await cache.claim(claim, waitMs))) {
        // A cache that says so to everybody costs this wait and no more.
        for (const sinceMs = clock.monotonicMs(); clock.monotonicMs() - sinceMs < waitMs; ) {
          await wait(LOOK_EVERY_MS)
          const later = await this.#look(spaces, key)
          if (later !== undefined) return this.#told(later)
          if ((await cache.get(claim)) === undefined) break
        }
      }
      onLookup('miss')
    } catch {
      onLookup('unanswered')
    }
    return undefined
  }

  #told(found: FoundAnswer | 'refused'): FoundAnswer | undefined {
    this.#parts.onLookup(found === 'refused' ? 'refused' : 'hit')
    return found === 'refused' ? undefined : found
  }

  async #look(
    spaces: readonly TokenSpace[],
    key: string,
  ): Promise<FoundAnswer | 'refused' | undefined> {
    const { cache, seal, clock } = this.#parts
    for (const space of spaces) {
      const name = seal.nameOf(space, key)
      const sealed = await cache.get(name)
      if (sealed === undefined) continue
      const content = seal.open(name, sealed)
      const shared = content === undefined ? undefined : decodeShared(content)
      const ageMs = shared === undefined ? -1 : clock.epochMs() - shared.validatedAtEpochMs
      // From the future: the clocks of two nodes differ, and how old it is cannot be told.
      if (shared === undefined || ageMs < 0) return 'refused'
      // What has ended is no answer about a live token, and another one may be there for it.
      if (lifeLeftMs(space, shared.answer, clock.epochMs()) <= 0) continue
      const known = { answer: shared.answer, validatedAtMs: clock.monotonicMs() - ageMs }
      return { space, known }
    }
    return undefined
  }

  /** By what was asked for: an answer may find its place in either space. */
  #claimOf(spaces: readonly TokenSpace[], key: string): string {
    return `${this.#parts.seal.nameOf(spaces.at(-1) ?? 'live', key)}:claim`
  }

  /** Keystone gave no answer to keep: nobody need wait for one. */
  release(spaces: readonly TokenSpace[], key: string): void {
    this.#parts.cache.delete(this.#claimOf(spaces, key)).catch(() => undefined)
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
