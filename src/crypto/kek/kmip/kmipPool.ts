import { KmipConnection, type KmipPlace, KmipUnreachable } from './kmipConnection.ts'

interface Turn {
  readonly resolve: () => void
  readonly reject: (reason: unknown) => void
}

/** A few connections to one server, opened when needed and kept. Who finds all of them busy waits for a turn. */
export class KmipPool {
  readonly #place: KmipPlace
  readonly #size: number
  readonly #idle: KmipConnection[] = []
  readonly #open = new Set<KmipConnection>()
  readonly #queue = new Set<Turn>()
  #busy = 0
  #isClosed = false

  constructor(place: KmipPlace, size: number) {
    this.#place = place
    this.#size = size
  }

  /**
   * Every question of ours may be asked twice, so one that met a connection which had died unnoticed is
   * asked again on a new one.
   * @throws KmipUnreachable, or the reason of the signal
   */
  async ask(message: Uint8Array, signal: AbortSignal): Promise<Buffer> {
    await this.#turn(signal)
    try {
      const kept = this.#kept()
      if (kept !== undefined) {
        try {
          return await this.#askOn(kept, message, signal)
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof KmipUnreachable) || this.#isClosed) throw error
        }
      }
      return await this.#askOn(await this.#opened(signal), message, signal)
    } finally {
      this.#done()
    }
  }

  close(): void {
    this.#isClosed = true
    for (const connection of this.#open) connection.close()
    this.#open.clear()
    this.#idle.length = 0
    for (const turn of this.#queue) turn.reject(closed())
    this.#queue.clear()
  }

  async #askOn(
    connection: KmipConnection,
    message: Uint8Array,
    signal: AbortSignal,
  ): Promise<Buffer> {
    try {
      const answer = await connection.ask(message, signal)
      this.#idle.push(connection)
      return answer
    } catch (error) {
      this.#open.delete(connection)
      connection.close()
      throw error
    }
  }

  async #opened(signal: AbortSignal): Promise<KmipConnection> {
    const connection = await KmipConnection.open(this.#place, signal)
    if (this.#isClosed) {
      connection.close()
      throw closed()
    }
    this.#open.add(connection)
    return connection
  }

  /** The one used last: those beyond the need grow old and are closed by the server. */
  #kept(): KmipConnection | undefined {
    for (;;) {
      const connection = this.#idle.pop()
      if (connection === undefined || connection.isOpen) return connection
      this.#open.delete(connection)
    }
  }

  async #turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#isClosed) throw closed()
    if (this.#busy < this.#size) {
      this.#busy += 1
      return
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const turn = { resolve, reject }
    const giveUp = () => reject(signal.reason)
    signal.addEventListener('abort', giveUp)
    this.#queue.add(turn)
    try {
      await promise
    } finally {
      this.#queue.delete(turn)
      signal.removeEventListener('abort', giveUp)
    }
  }

  /** The turn goes on to who waits longest. */
  #done(): void {
    const [next] = this.#queue
    if (next === undefined) {
      this.#busy -= 1
      return
    }
    this.#queue.delete(next)
    next.resolve()
  }
}

function closed(): KmipUnreachable {
  return new KmipUnreachable('the KEK store is closed')
}
