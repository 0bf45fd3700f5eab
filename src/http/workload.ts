import { type Fault, overloaded } from '../lib/fault.ts'

export type Overload = 'late loop' | 'too many requests' | 'too many logins'

export interface WorkloadParts {
  /** Does the event loop run so late that new work would only make everything slower? */
  readonly isLoopLate: () => boolean
  /** Connections with a request that has not begun. */
  readonly waiting: () => number
  /** How many may be waiting and under way before some are sent away, and how many may wait to be identified; 0: any. */
  readonly most: number
  /** Must not throw. */
  readonly onShed: (why: Overload) => void
}

/** How much there is to do, and whether it is too much (ADR 0043). */
export class Workload {
  readonly #parts: WorkloadParts
  #underWay = 0
  #unidentified = 0

  constructor(parts: WorkloadParts) {
    this.#parts = parts
  }

  overload(): Overload | undefined {
    const { isLoopLate, waiting, most } = this.#parts
    if (isLoopLate()) return 'late loop'
    return most > 0 && this.#underWay + waiting() >= most ? 'too many requests' : undefined
  }

  /** So many wait to hear who they are that nobody else may who would have to wait as well. */
  isCrowdedAtTheDoor(): boolean {
    return this.#parts.most > 0 && this.#unidentified >= this.#parts.most
  }

  /** To be thrown: this request is sent away. */
  shed(why: Overload): Fault {
    this.#parts.onShed(why)
    return overloaded()
  }

  /** What nobody has vouched for yet is no work of ours: strangers must not be able to fill the house. */
  async identifying<T>(identify: () => Promise<T>): Promise<T> {
    this.#unidentified += 1
    try {
      return await identify()
    } finally {
      this.#unidentified -= 1
    }
  }

  begin(): void {
    this.#underWay += 1
  }

  end(): void {
    this.#underWay -= 1
  }

  /** Nor is it work to wait for a client's body. */
  async idly<T>(wait: () => Promise<T>): Promise<T> {
    this.#underWay -= 1
    try {
      return await wait()
    } finally {
      this.#underWay += 1
    }
  }
}
