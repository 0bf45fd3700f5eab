import type { ServerResponse } from 'node:http'

/**
 * Cuts off who does not read an answer in time: it would stay in our memory, with its connection, for as long as
 * they like. What the kernel takes at once, as nearly all answers, costs a look.
 */
export class UnreadAnswers {
  readonly #mostMs: number
  readonly #onCut: (remoteAddress: string) => void
  #justSent: ServerResponse[] = []

  constructor(parts: {
    readonly mostMs: number
    /** Must not throw. */
    readonly onCut: (remoteAddress: string) => void
  }) {
    this.#mostMs = parts.mostMs
    this.#onCut = parts.onCut
  }

  /** @param response whose end was called just now */
  watch(response: ServerResponse): void {
    if (response.writableFinished || response.socket?.writableLength === 0) return
    // TLS hands on at the end of this turn.
    if (this.#justSent.push(response) === 1) setImmediate(() => this.#look())
  }

  #look(): void {
    const sent = this.#justSent
    this.#justSent = []
    for (const response of sent) {
      if (response.writableFinished || response.destroyed) continue
      // Requests that came in one breath are answered one after the other: the time of each begins with its turn.
      if (response.socket === null) response.once('socket', () => this.#await(response))
      else this.#await(response)
    }
  }

  #await(response: ServerResponse): void {
    const { socket } = response
    if (socket === null || response.writableFinished) return
    const address = socket.remoteAddress ?? ''
    const deadline = setTimeout(() => {
      socket.destroy()
      this.#onCut(address)
    }, this.#mostMs).unref()
    response.once('close', () => clearTimeout(deadline))
  }
}
