import { LRUCache } from 'lru-cache'
import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'
import type { ProjectKey } from './projectKey.ts'

export interface CachedProjectKey {
  readonly key: ProjectKey
  /** Monotonic milliseconds: from here on a use fetches it again in the background, ... */
  readonly refreshAtMs: number
  /** ... from here on it is used only while the KEK store is away, ... */
  readonly expiresAtMs: number
  /** ... and from here on never. */
  readonly deadAtMs: number
  /** No background fetch before: set when one begins. */
  nextTryAtMs: number
}

export interface ProjectKeyCacheParts {
  readonly clock: Clock
  readonly ttlSeconds: number
  readonly staleSeconds: number
  readonly maxEntries: number
}

/** Node fires a timer that is set for longer at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/** One character for each byte: the cheapest Map key eight bytes can become. */
export function cacheName(id: ProjectKeyId): string {
  return String.fromCharCode(
    id[0] ?? 0,
    id[1] ?? 0,
    id[2] ?? 0,
    id[3] ?? 0,
    id[4] ?? 0,
    id[5] ?? 0,
    id[6] ?? 0,
    id[7] ?? 0,
  )
}

/** Unwrapped project keys, bounded in number and age. With a TTL of 0 nothing is ever kept. */
export class ProjectKeyCache {
  readonly #entries: LRUCache<string, CachedProjectKey> | undefined
  readonly #ttlMs: number
  readonly #staleMs: number

  constructor(parts: ProjectKeyCacheParts) {
    this.#ttlMs = parts.ttlSeconds * 1000
    this.#staleMs = parts.staleSeconds * 1000
    if (this.#ttlMs <= 0) return
    this.#entries = new LRUCache({
      max: parts.maxEntries,
      ttl: Math.min(this.#ttlMs + this.#staleMs, LONGEST_TIMER_MS),
      // A key nobody asks for again must leave memory as well.
      ttlAutopurge: true,
      // Its age is judged by its own times; this one only empties memory.
      ttlResolution: 1000,
      perf: { now: () => parts.clock.monotonicMs() },
    })
  }

  get(name: string): CachedProjectKey | undefined {
    return this.#entries?.get(name)
  }

  /** @param sinceMs when the unwrapping began: a key's age counts from there */
  put(key: ProjectKey, sinceMs: number): void {
    if (this.#entries === undefined) return
    // Between 75 and 85 % of the TTL, by key, so that keys fetched together are not fetched again together.
    const share = 0.75 + (key.id[0] ?? 0) / 2560
    this.#entries.set(cacheName(key.id), {
      key,
      refreshAtMs: sinceMs + this.#ttlMs * share,
      expiresAtMs: sinceMs + this.#ttlMs,
      deadAtMs: sinceMs + this.#ttlMs + this.#staleMs,
      nextTryAtMs: sinceMs,
    })
  }

  drop(name: string): void {
    this.#entries?.delete(name)
  }

  clear(): void {
    this.#entries?.clear()
  }

  dropProject(projectId: ProjectId): void {
    if (this.#entries === undefined) return
    const doomed = [...this.#entries.entries()].filter(([, { key }]) => key.projectId === projectId)
    for (const [name] of doomed) this.#entries.delete(name)
  }
}
