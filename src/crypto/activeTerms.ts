import { LRUCache } from 'lru-cache'
import type { ProjectKeyRow } from '../domain/ports/keyRepositories.ts'
import type { Clock } from '../lib/clock.ts'
import type { ProjectId } from '../lib/ids.ts'
import type { Timestamp } from '../lib/timestamp.ts'
import type { ProjectKeyId } from '../model/sealedForms.ts'

/** Which key a project seals under, and how many DEKs this process may still wrap with it. */
export interface ActiveTerm {
  readonly id: ProjectKeyId
  readonly projectId: ProjectId
  readonly term: number
  /** Monotonic milliseconds: until then another node's newer term goes unnoticed. */
  freshUntilMs: number
  wrapsLeft: number
}

export interface ActiveTermsParts {
  readonly clock: Clock
  readonly ttlSeconds: number
  readonly maxEntries: number
  readonly maxTermAgeSeconds: number
}

/** Facts and counters only, no keys: they outlive the key in the cache, also where nothing is cached. */
export class ActiveTerms {
  readonly #clock: Clock
  readonly #ttlMs: number
  readonly #maxTermAgeMs: number
  readonly #terms: LRUCache<ProjectId, ActiveTerm>

  constructor(parts: ActiveTermsParts) {
    this.#clock = parts.clock
    this.#ttlMs = parts.ttlSeconds * 1000
    this.#maxTermAgeMs = parts.maxTermAgeSeconds * 1000
    this.#terms = new LRUCache({ max: parts.maxEntries })
  }

  fresh(projectId: ProjectId): ActiveTerm | undefined {
    const term = this.#terms.get(projectId)
    return term !== undefined && this.#clock.monotonicMs() < term.freshUntilMs ? term : undefined
  }

  /** @param atMostMs shorter than the TTL when the row should be looked at again soon */
  remember(row: ProjectKeyRow, atMostMs = this.#ttlMs): ActiveTerm {
    const freshUntilMs = this.#clock.monotonicMs() + Math.min(atMostMs, this.#ttlMs)
    const known = this.#terms.get(row.projectId)
    if (known !== undefined && isSame(known.id, row.id)) {
      known.freshUntilMs = freshUntilMs
      return known
    }
    // A read that began before the next term was made must not bring the last one back.
    if (known !== undefined && known.term > row.term) return detachedTerm(row)
    const active = { ...detachedTerm(row), freshUntilMs }
    this.#terms.set(row.projectId, active)
    return active
  }

  forget(projectId: ProjectId): void {
    this.#terms.delete(projectId)
  }

  isOld(row: ProjectKeyRow): boolean {
    return this.#clock.epochMs() - epochMsOf(row.createdAt) >= this.#maxTermAgeMs
  }
}

/** Good for the one who asked, remembered by nobody. */
export function detachedTerm({ id, projectId, term }: ProjectKeyRow): ActiveTerm {
  return { id, projectId, term, freshUntilMs: 0, wrapsLeft: 0 }
}

/** Leave to wrap one DEK, where there is any left. */
export function takeWrap(active: ActiveTerm): boolean {
  if (active.wrapsLeft <= 0) return false
  active.wrapsLeft -= 1
  return true
}

function epochMsOf(timestamp: Timestamp): number {
  return Date.parse(`${timestamp.slice(0, 23)}Z`)
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0
}
