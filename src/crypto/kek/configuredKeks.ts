import type { KekDescription } from '../../domain/ports/crypto.ts'
import type { KnownKek } from '../../domain/ports/kekChanges.ts'
import { Fault } from '../../lib/fault.ts'
import type { KekFacts, KekState } from './kek.ts'
import type { KekChoice } from './keptKekStore.ts'

export type NamedKek = Omit<KekFacts, 'state'>

/**
 * The KEKs that the settings of a store name, the wanted one first. Which of them wraps is decided by the
 * database: the first that has a canary there, so that one which is only just named waits until it is promoted, and
 * all nodes agree. While the database knows none of them, it is the wanted one.
 */
export class ConfiguredKeks implements KekChoice {
  readonly #keks: readonly [NamedKek, ...NamedKek[]]
  #current: string
  #retired: ReadonlySet<string> = new Set()

  constructor(keks: readonly [NamedKek, ...NamedKek[]], known: readonly KnownKek[]) {
    this.#keks = keks
    this.#current = keks[0].id
    this.follow(known)
  }

  /** Id of the one that wraps. */
  get current(): string {
    return this.#current
  }

  describe(): Pick<KekDescription, 'currentKekId' | 'keks'> {
    return {
      currentKekId: this.#current,
      keks: this.#keks.map((kek) => ({ ...kek, state: this.#stateOf(kek.id) })),
    }
  }

  follow(known: readonly KnownKek[]): boolean {
    const before = this.#keks.map(({ id }) => this.#stateOf(id))
    const inUse = new Set(known.flatMap(({ id, isRetired }) => (isRetired ? [] : [id])))
    this.#retired = new Set(known.flatMap(({ id, isRetired }) => (isRetired ? [id] : [])))
    this.#current = (this.#keks.find(({ id }) => inUse.has(id)) ?? this.#keks[0]).id
    return this.#keks.some(({ id }, index) => this.#stateOf(id) !== before[index])
  }

  refuseUnknown(kekId: string): void {
    if (this.#keks.every(({ id }) => id !== kekId)) {
      throw new Fault('corrupted', `No KEK ${kekId} is configured.`)
    }
    if (this.#stateOf(kekId) === 'retired') {
      throw new Fault('corrupted', `KEK ${kekId} is retired.`)
    }
  }

  #stateOf(id: string): KekState {
    if (id === this.#current) return 'primary'
    return this.#retired.has(id) ? 'retired' : 'decrypt-only'
  }
}
