import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  writeSync,
  write as writeToDescriptor,
} from 'node:fs'
import { dirname } from 'node:path'
import { StartupRefusal } from '../lib/startupRefusal.ts'

export interface LineFileOptions {
  /** A file, or `/dev/stdout`, `/dev/stderr`. */
  readonly path: string
  readonly mode: number
  /** Other processes write it too: a pipe keeps whole only what goes in at most 4 KiB at once. */
  readonly isShared?: boolean
  /** A disk that does not answer must not keep the process from ending; 2 s unless said. */
  readonly closeWithinMs?: number
  /** 'failing': nothing can be written now, told once until it can; 'dropped': lines were lost. */
  readonly onTrouble: (trouble: {
    readonly kind: 'failing' | 'dropped'
    readonly code: string
  }) => void
}

/** Beyond this much that could not be written yet (a full disk, a stuck pipe) lines are lost. */
const MOST_WAITING = 16 * 1024 * 1024
/** So much goes into one write. */
const ROOM_BYTES = 256 * 1024
const PIPE_KEEPS_WHOLE = 4096
const TRY_AGAIN_MS = 50
const CLOSE_WITHIN_MS = 2000
const STANDARD_STREAMS: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
])

const encoder = new TextEncoder()

/**
 * A file of lines, written off the event loop: one write at a time, and what comes meanwhile goes with
 * the next. A failed write is tried again; the process never ends because of a log.
 */
export class LineFile {
  readonly path: string
  readonly #options: LineFileOptions
  #descriptor: number
  #waiting = ''
  /** One buffer for every write: new ones are memory that waits for V8 to look. */
  #room: Buffer | undefined
  #isWriting = false
  #isFailing = false
  #isClosed = false
  #whenIdle: (() => void) | undefined

  private constructor(options: LineFileOptions, descriptor: number) {
    this.path = options.path
    this.#options = options
    this.#descriptor = descriptor
  }

  /** @throws StartupRefusal when the file cannot be opened */
  static open(options: LineFileOptions): LineFile {
    const { path, mode } = options
    const standard = STANDARD_STREAMS.get(path)
    if (standard !== undefined) return new LineFile(options, standard)
    try {
      // One level only: a path mistyped further up is a mistake, not a wish.
      if (!existsSync(dirname(path))) mkdirSync(dirname(path), { mode: 0o700 })
      return new LineFile(options, openSync(path, 'a', mode))
    } catch (cause) {
      throw new StartupRefusal(`The log ${path} cannot be opened for writing: ${codeOf(cause)}.`, {
        cause,
      })
    }
  }

  /** @param lines each ends in a line feed */
  write(lines: string): void {
    if (this.#isClosed) return
    if (this.#waiting.length + lines.length > MOST_WAITING) {
      this.#options.onTrouble({ kind: 'dropped', code: 'too much waits' })
      return
    }
    this.#waiting += lines
    if (!this.#isWriting) this.#writeNext()
  }

  /** Goes on in a new file when the old one was moved away. A line under way still reaches the old one. */
  reopen(): void {
    if (STANDARD_STREAMS.has(this.path) || this.#isClosed) return
    try {
      const old = this.#descriptor
      this.#descriptor = openSync(this.path, 'a', this.#options.mode)
      // Closing under a write could let it end up in whatever gets the number next.
      this.#onceIdle(() => closeSync(old))
    } catch (cause) {
      this.#fail(codeOf(cause))
    }
  }

  /** Writes what waits, at once; for a process about to end. */
  flushNow(): void {
    const lines = this.#waiting
    this.#waiting = ''
    try {
      writeSync(this.#descriptor, lines)
    } catch {
      // A full disk or a closed pipe at the very end: there is nobody left to tell.
    }
  }

  /** Everything written so far is in the file, or lost for good. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#options.closeWithinMs ?? CLOSE_WITHIN_MS)
    this.#onceIdle(resolve)
    await promise
    clearTimeout(timer)
    if (!STANDARD_STREAMS.has(this.path) && !this.#isWriting) {
      closeSync(this.#descriptor)
    }
  }

  #onceIdle(then: () => void): void {
    const before = this.#whenIdle
    this.#whenIdle = () => {
      before?.()
      then()
    }
    if (!this.#isWriting) this.#writeNext()
  }

  #writeNext(): void {
    if (this.#waiting === '') {
      this.#isWriting = false
      const whenIdle = this.#whenIdle
      this.#whenIdle = undefined
      whenIdle?.()
      return
    }
    this.#isWriting = true
    const isSharedPipe = this.#options.isShared === true && STANDARD_STREAMS.has(this.path)
    this.#room ??= Buffer.allocUnsafeSlow(isSharedPipe ? PIPE_KEEPS_WHOLE : ROOM_BYTES)
    const { read, written } = encoder.encodeInto(this.#waiting, this.#room)
    const isAll = read === this.#waiting.length
    // Whole lines, so that none lies in two files when the log is moved away.
    const taken = isAll ? read : this.#waiting.lastIndexOf('\n', read - 1) + 1 || read
    const bytes = isAll ? written : this.#room.lastIndexOf('\n', written - 1) + 1 || written
    this.#waiting = this.#waiting.slice(taken)
    this.#continue(this.#room.subarray(0, bytes))
  }

  #continue(bytes: Buffer): void {
    writeToDescriptor(this.#descriptor, bytes, (error, written) => {
      if (error !== null) {
        if (error.code !== 'EAGAIN') this.#fail(codeOf(error))
        setTimeout(() => this.#continue(bytes), TRY_AGAIN_MS).unref()
        return
      }
      this.#isFailing = false
      if (written === bytes.length) this.#writeNext()
      else this.#continue(bytes.subarray(written))
    })
  }

  #fail(code: string): void {
    if (this.#isFailing) return
    this.#isFailing = true
    this.#options.onTrouble({ kind: 'failing', code })
  }
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
}
