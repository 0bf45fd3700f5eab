import { LRUCache } from 'lru-cache'
import type { KeystoneAnswer } from './keystoneAnswer.ts'

export interface CachedAnswer {
  readonly answer: KeystoneAnswer
  /** Monotonic. */
  readonly validatedAtMs: number
}

/** Where an answer has its place: that of an expired token is no answer about a live one. */
export type TokenSpace = 'live' | 'expired'

/**
 * What Keystone said, by SHA-256 of the token: whoever reads our memory finds no token here.
 * `live` and `expired` never mix: an expired token is only good in company of a service token.
 * Unknown tokens have a place of their own, so that a flood of rubbish pushes out no good one.
 */
export class TokenCache {
  readonly live: LRUCache<string, CachedAnswer>
  readonly expired: LRUCache<string, CachedAnswer>
  /** When Keystone last said that it does not know the token; keyed by space and hash. */
  readonly unknown: LRUCache<string, number>

  constructor(size: number) {
    this.live = new LRUCache({ max: size })
    this.expired = new LRUCache({ max: Math.max(1, Math.ceil(size / 4)) })
    this.unknown = new LRUCache({ max: Math.max(1, Math.ceil(size / 4)) })
  }
}
