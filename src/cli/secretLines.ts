import { StartupRefusal } from '../lib/startupRefusal.ts'

/** Where secrets are typed, or come out of a pipe. */
export interface SecretInput {
  readonly isTTY?: boolean
  setRawMode?(isRaw: boolean): unknown
  pause(): unknown
  [Symbol.asyncIterator](): AsyncIterator<unknown>
}

const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
const INTERRUPT = 0x03
const END = 0x04
const BACKSPACES: readonly number[] = [0x08, 0x7f]
/** No secret of ours is longer; more than that is no line. */
const MOST_BYTES = 4096

/** Lines that nobody looking over a shoulder should see: asked for without an echo, never made into text. */
export class SecretLines {
  readonly #input: SecretInput
  readonly #tell: (text: string) => void
  #bytes: AsyncGenerator<number> | undefined

  constructor(input: SecretInput, tell: (text: string) => void) {
    this.#input = input
    this.#tell = tell
  }

  /**
   * @param prompt shown on a terminal alone
   * @returns the next line, the caller's to wipe; undefined when there is none
   * @throws StartupRefusal when somebody pressed Ctrl-C
   */
  async next(prompt: string): Promise<Buffer | undefined> {
    const { isTTY: isTerminal = false } = this.#input
    if (!isTerminal) return this.#line(false)
    // First, for some type faster than a prompt is shown.
    this.#input.setRawMode?.(true)
    this.#tell(prompt)
    try {
      return await this.#line(true)
    } finally {
      this.#input.setRawMode?.(false)
      this.#input.pause()
      this.#tell('\n')
    }
  }

  async #line(isTyped: boolean): Promise<Buffer | undefined> {
    this.#bytes ??= bytesOf(this.#input)
    const line = Buffer.alloc(MOST_BYTES)
    let end = 0
    for (;;) {
      const { value: byte, done } = await this.#bytes.next()
      const isEnd = done === true || (isTyped && byte === END)
      if (isEnd && end === 0) return undefined
      if (isEnd || byte === LINE_FEED || (isTyped && byte === CARRIAGE_RETURN)) break
      if (isTyped && byte === INTERRUPT) {
        line.fill(0)
        throw new StartupRefusal('Interrupted.')
      }
      if (isTyped && BACKSPACES.includes(byte)) end = Math.max(0, end - 1)
      else {
        line[end] = byte
        end = Math.min(end + 1, MOST_BYTES - 1)
      }
    }
    return line.subarray(0, end)
  }
}

/** A generator that lives between two lines, because a stream is read once. */
async function* bytesOf(input: SecretInput): AsyncGenerator<number> {
  for await (const chunk of input) {
    if (!Buffer.isBuffer(chunk)) continue
    for (const byte of chunk) yield byte
    chunk.fill(0)
  }
}
