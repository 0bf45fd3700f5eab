/** Entries that are printed together. More would live long enough for V8 to take them for old. */
const MOST_ENTRIES = 32
/** Lines wait for this many bytes or this long, whichever comes first. */
const MOST_BYTES = 48 * 1024
const LONGEST_WAIT_MS = 100

export interface LineGathererParts<Entry> {
  /** The line of an entry, with its line feed; must not look at what may have changed since. */
  readonly print: (entry: Entry) => string
  readonly write: (lines: string) => void
}

/**
 * Gathers lines into few writes, and prints them some at a time: between two requests the code that prints
 * has left the processor's caches, and a line costs three times what it costs among others (ADR 0018).
 * A killed process loses what waits, at most a tenth of a second.
 */
export class LineGatherer<Entry> {
  readonly #parts: LineGathererParts<Entry>
  #entries: Entry[] = []
  /** Bytes, not text: V8 would keep all the pieces that a line was put together from. */
  readonly #waiting = Buffer.allocUnsafeSlow(2 * MOST_BYTES)
  #end = 0
  #timer: NodeJS.Timeout | undefined

  constructor(parts: LineGathererParts<Entry>) {
    this.#parts = parts
  }

  add(entry: Entry): void {
    if (this.#entries.push(entry) >= MOST_ENTRIES) this.#print()
    this.#timer ??= setTimeout(() => this.flush(), LONGEST_WAIT_MS).unref()
  }

  flush(): void {
    this.#print()
    this.#handOn()
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #print(): void {
    const entries = this.#entries
    this.#entries = []
    let lines = ''
    for (const entry of entries) lines += this.#parts.print(entry)
    // UTF-8 takes at most three bytes for each UTF-16 unit.
    const room = 3 * lines.length
    if (room > this.#waiting.length - this.#end) this.#handOn()
    if (room > this.#waiting.length) {
      this.#parts.write(lines)
      return
    }
    this.#end += this.#waiting.write(lines, this.#end)
    if (this.#end >= MOST_BYTES) this.#handOn()
  }

  #handOn(): void {
    if (this.#end === 0) return
    const lines = this.#waiting.toString('utf8', 0, this.#end)
    this.#end = 0
    this.#parts.write(lines)
  }
}
