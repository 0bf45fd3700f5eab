/** The most recently used entries, at most `limit`; the rest is made anew when asked for. */
export class BoundedCache<V> {
  readonly #entries = new Map<string, V>()
  readonly #limit: number

  constructor(limit: number) {
    this.#limit = limit
  }

  getOrMake(key: string, make: (key: string) => V): V {
    const present = this.#entries.get(key)
    if (present !== undefined) {
      this.#entries.delete(key)
      this.#entries.set(key, present)
      return present
    }
    const made = make(key)
    this.#entries.set(key, made)
    const oldest = this.#entries.size > this.#limit ? this.#entries.keys().next() : undefined
    if (oldest?.value !== undefined) this.#entries.delete(oldest.value)
    return made
  }
}
