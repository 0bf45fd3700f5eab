/** Callers that ask for the same key while the first is under way share its answer. */
export class SingleFlight<K, V> {
  readonly #underWay = new Map<K, Promise<V>>()

  run(key: K, work: () => Promise<V>): Promise<V> {
    const present = this.#underWay.get(key)
    if (present !== undefined) return present
    const flight = work().finally(() => this.#underWay.delete(key))
    this.#underWay.set(key, flight)
    return flight
  }
}
