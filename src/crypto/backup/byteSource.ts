/** Bytes that come in pieces of any size, taken in pieces of a wanted one. */
export class ByteSource {
  readonly #pieces: AsyncIterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** So many bytes; fewer at the end. */
  async upTo(length: number): Promise<Buffer> {
    const found = Buffer.allocUnsafeSlow(length)
    let end = 0
    while (end < length && !(await this.isAtEnd())) {
      const part = this.#rest.subarray(0, length - end)
      found.set(part, end)
      end += part.length
      this.#rest = this.#rest.subarray(part.length)
    }
    return found.subarray(0, end)
  }

  /** The bytes before the first `mark`, which is taken as well; undefined when it is not among the next `most`. */
  async before(mark: number, most: number): Promise<Buffer | undefined> {
    const parts: Uint8Array[] = []
    let length = 0
    while (!(await this.isAtEnd())) {
      const at = this.#rest.indexOf(mark)
      const part = at < 0 ? this.#rest : this.#rest.subarray(0, at)
      length += part.length
      if (length > most) return undefined
      parts.push(part)
      this.#rest = this.#rest.subarray(at < 0 ? part.length : part.length + 1)
      if (at >= 0) return Buffer.concat(parts)
    }
    return undefined
  }

  /** Whoever gives the pieces may put away what they come from. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }

  async isAtEnd(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done === true) return true
      this.#rest = value
    }
    return false
  }
}
