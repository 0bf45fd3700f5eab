/** What a bucket holds and how fast it fills again: `burst` tokens, `perSecond` of them a second. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

/**
 * Token buckets by key, the least recently used of them forgotten. Each is one number, when it is full again: what
 * is missing follows from how far off that is.
 */
export class TokenBuckets {
  readonly #msPerToken: number
  readonly #mostMissingMs: number
  readonly #mostBuckets: number
  /** Monotonic; the one that was not used for longest comes first. */
  readonly #fullAtMs = new Map<string, number>()

  constructor({ perSecond, burst }: Rate, mostBuckets: number) {
    this.#msPerToken = 1000 / perSecond
    this.#mostMissingMs = (burst - 1) * this.#msPerToken
    this.#mostBuckets = mostBuckets
  }

  /** Buckets remembered; those that were never used, or are long full, may be among them. */
  get size(): number {
    return this.#fullAtMs.size
  }

  /** @returns until there is a token, 0 when there is one; takes none */
  waitMs(key: string, nowMs: number): number {
    const fullAtMs = this.#fullAtMs.get(key)
    return fullAtMs === undefined ? 0 : Math.max(0, fullAtMs - nowMs - this.#mostMissingMs)
  }

  take(key: string, nowMs: number): void {
    const fullAtMs = Math.max(this.#fullAtMs.get(key) ?? nowMs, nowMs) + this.#msPerToken
    // To the end of the line.
    this.#fullAtMs.delete(key)
    this.#fullAtMs.set(key, fullAtMs)
    if (this.#fullAtMs.size <= this.#mostBuckets) return
    const [oldest] = this.#fullAtMs.keys()
    if (oldest !== undefined) this.#fullAtMs.delete(oldest)
  }

  /** One that was taken, and should not have been. */
  giveBack(key: string): void {
    const fullAtMs = this.#fullAtMs.get(key)
    if (fullAtMs !== undefined) this.#fullAtMs.set(key, fullAtMs - this.#msPerToken)
  }
}
