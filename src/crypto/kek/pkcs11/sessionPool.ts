import type { Cryptoki, Handle, Slot } from './cryptoki.ts'
import { isOutOfSessions } from './returnValues.ts'

export interface SessionPoolParts {
  readonly cryptoki: Cryptoki
  readonly slot: Slot
  readonly flags: number
  readonly maxSessions: number
}

/** Sessions that stay open from call to call; each is used by one call at a time. */
export class SessionPool {
  readonly #parts: SessionPoolParts
  readonly #free: Handle[] = []
  readonly #waiting: (() => void)[] = []
  #open = 0
  #most: number

  constructor(parts: SessionPoolParts) {
    this.#parts = parts
    this.#most = parts.maxSessions
  }

  async use<T>(work: (session: Handle) => Promise<T>): Promise<T> {
    const session = await this.#take()
    let isWell = false
    try {
      const answer = await work(session)
      isWell = true
      return answer
    } finally {
      // After an error an operation may still be active in it; a fresh one costs one call.
      if (isWell) this.#free.push(session)
      else this.#close(session)
      this.#waiting.shift()?.()
    }
  }

  async #take(): Promise<Handle> {
    for (;;) {
      const free = this.#free.pop()
      if (free !== undefined) return free
      const opened = this.#open < this.#most ? this.#tryOpen() : undefined
      if (opened !== undefined) return opened
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  /** undefined: the token has no more of them; those there are have to do. */
  #tryOpen(): Handle | undefined {
    const { cryptoki, slot, flags } = this.#parts
    try {
      const session = cryptoki.C_OpenSession(slot, flags)
      this.#open += 1
      return session
    } catch (error) {
      if (!isOutOfSessions(error) || this.#open === 0) throw error
      this.#most = this.#open
      return undefined
    }
  }

  #close(session: Handle): void {
    this.#open -= 1
    try {
      this.#parts.cryptoki.C_CloseSession(session)
    } catch {
      // It is as good as closed: what was wrong with it shows in the call that failed.
    }
  }
}
