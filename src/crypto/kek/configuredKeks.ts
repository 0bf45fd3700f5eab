import type { KekDescription } from '../../domain/ports/crypto.ts'
import { Fault } from '../../lib/fault.ts'
import type { KekFacts } from './kek.ts'

type Named = Omit<KekFacts, 'state'>

/**
 * The KEKs that the settings of a store name, the wanted one first. Which of them wraps is decided by the
 * database: the first that has a canary there, so that one which is only just named waits until it is promoted, and
 * all nodes agree. While the database knows none of them, it is the wanted one.
 */
export class ConfiguredKeks {
  readonly #keks: readonly Named[]
  #current: string

  constructor(keks: readonly [Named, ...Named[]], knownKekIds: readonly string[]) {
    this.#keks = keks
    const known = keks.find(({ id }) => knownKekIds.includes(id))
    this.#current = (known ?? keks[0]).id
  }

  /** Id of the one that wraps. */
  get current(): string {
    return this.#current
  }

  describe(): Pick<KekDescription, 'currentKekId' | 'keks'> {
    const stateOf = (id: string) => (id === this.#current ? 'primary' : 'decrypt-only')
    return {
      currentKekId: this.#current,
      keks: this.#keks.map((kek) => ({ ...kek, state: stateOf(kek.id) })),
    }
  }

  /** @throws Error when the settings do not name it */
  promote(kekId: string): void {
    if (!this.#has(kekId)) throw new Error(`No KEK ${kekId} is configured.`)
    this.#current = kekId
  }

  /** @throws Fault('corrupted'): what names it was not wrapped here */
  refuseUnknown(kekId: string): void {
    if (!this.#has(kekId)) throw new Fault('corrupted', `No KEK ${kekId} is configured.`)
  }

  #has(kekId: string): boolean {
    return this.#keks.some(({ id }) => id === kekId)
  }
}
