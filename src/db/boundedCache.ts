/** The most recently used entries, at most `limit`; the rest is made anew when asked for. */
export class BoundedCache<V> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number
  #latestKey: string | undefined
  #latest: V | undefined

  constructor(limit: number) {
    this.#limit = limit
  }

  getOrMake(key: string, make: (key: string) => V): V {
    // The hot statement comes again and again, and need not be moved to where it is.
    if (key === this.#latestKey && this.#latest !== undefined) return this.#latest
    const found = this.#find(key) ?? this.#make(key, make)
    this.#latestKey = key
    this.#latest = found
    return found
  }

  #find(key: string): V | undefined {
    const present = this.#entries.get(key)
    if (present === undefined) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, present)
    return present
  }

  #make(key: string, make: (key: string) => V): V {
    const made = make(key)
    this.#entries.set(key, made)
    const oldest = this.#entries.size > this.#limit ? this.#entries.keys().next() : undefined
    if (oldest?.value !== undefined) this.#entries.delete(oldest.value)
    return made
  }
}
