/**
 * What a victim said before it was killed, and what must therefore be true. A victim writes lines:
 *
 *   ready
 *   ask <key> <state>    just before it asks for a change
 *   ack <key> <state>    just after the change was acknowledged
 *
 * `state` is a digest of everything the record says, or `gone`. A record that never was is gone.
 */
export class CrashLedger {
  readonly #acceptable = new Map<string, ReadonlySet<string>>()
  #acknowledged = 0

  get acknowledged(): number {
    return this.#acknowledged
  }

  get keys(): readonly string[] {
    return [...this.#acceptable.keys()]
  }

  /** @param output all a victim wrote; a last line cut off by the kill was not said */
  hear(output: string): void {
    for (const line of output.split('\n').slice(0, -1)) {
      const [verb, key = '', state = ''] = line.split(' ')
      if (verb === 'ask') this.#acceptable.set(key, new Set([...this.#states(key), state]))
      if (verb === 'ack') {
        this.#acceptable.set(key, new Set([state]))
        this.#acknowledged += 1
      }
    }
  }

  /** What is wrong about finding this record in this state; from then on it must stay in it. */
  judge(key: string, found: string): string | undefined {
    const acceptable = this.#states(key)
    this.#acceptable.set(key, new Set([found]))
    if (acceptable.has(found)) return undefined
    return `${key} is ${found}, and was promised to be ${[...acceptable].join(' or ')}`
  }

  #states(key: string): ReadonlySet<string> {
    return this.#acceptable.get(key) ?? new Set(['gone'])
  }
}
