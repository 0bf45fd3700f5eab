import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import pino from 'pino'
import { StartupRefusal } from '../lib/startupRefusal.ts'

type Destination = ReturnType<typeof pino.destination>

export interface LineFileOptions {
  /** A file, or `/dev/stdout`, `/dev/stderr`. */
  readonly path: string
  readonly mode: number
  /** Lines are gathered up to this many bytes before they are written; a timer writes what waits. */
  readonly gatherBytes: number
  /** Told of trouble: 'failing' once until a line is written again, 'dropped' per line lost. */
  readonly onTrouble: (trouble: {
    readonly kind: 'failing' | 'dropped'
    readonly code: string
  }) => void
}

/** Beyond this many bytes that could not be written yet (a full disk, a stuck pipe) lines are lost. */
const MOST_WAITING = 16 * 1024 * 1024
const FLUSH_EVERY_MS = 500
const STANDARD_STREAMS: ReadonlyMap<string, number> = new Map([
  ['/dev/stdout', 1],
  ['/dev/stderr', 2],
])

/** A file of lines, written off the request path; reopened when an operator has moved it away. */
export class LineFile {
  readonly path: string
  readonly #destination: Destination
  #isFailing = false

  private constructor(path: string, destination: Destination) {
    this.path = path
    this.#destination = destination
  }

  /** @throws StartupRefusal when the file cannot be opened */
  static async open(options: LineFileOptions): Promise<LineFile> {
    const stream = STANDARD_STREAMS.get(options.path)
    if (stream === undefined) makeFolder(dirname(options.path))
    const destination = pino.destination({
      ...(stream === undefined
        ? { dest: options.path, append: true, mode: options.mode }
        : { fd: stream }),
      sync: false,
      minLength: options.gatherBytes,
      maxLength: MOST_WAITING,
      periodicFlush: FLUSH_EVERY_MS,
    })
    const file = new LineFile(options.path, destination)
    if (stream === undefined) await opened(destination, options.path)
    file.#watch(options.onTrouble)
    return file
  }

  /** @param line ends in a line feed */
  write(line: string): void {
    this.#destination.write(line)
  }

  reopen(): void {
    if (!STANDARD_STREAMS.has(this.path)) this.#destination.reopen()
  }

  /** Writes what waits, at once; for a process about to end. Lines that cannot be written are lost. */
  flushNow(): void {
    try {
      this.#destination.flushSync()
    } catch {
      // A full disk or a closed pipe at the very end: there is nobody left to tell.
    }
  }

  /** Everything written so far is in the file, or lost for good. */
  async close(): Promise<void> {
    if (STANDARD_STREAMS.has(this.path)) {
      await new Promise<void>((resolve) => this.#destination.flush(() => resolve()))
      return
    }
    await new Promise<void>((resolve) => {
      this.#destination.once('close', () => resolve())
      this.#destination.once('error', () => resolve())
      this.#destination.end()
    })
  }

  #watch(onTrouble: LineFileOptions['onTrouble']): void {
    // Without a listener an error event would end the process: a log is no reason for that.
    this.#destination.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#isFailing) return
      this.#isFailing = true
      onTrouble({ kind: 'failing', code: error.code ?? error.name })
    })
    this.#destination.on('write', () => {
      this.#isFailing = false
    })
    this.#destination.on('drop', () => onTrouble({ kind: 'dropped', code: 'full' }))
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw refusal(path, cause)
  }
}

function opened(destination: Destination, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: unknown): void => reject(refusal(path, cause))
    destination.once('error', refuse)
    destination.once('ready', () => {
      destination.off('error', refuse)
      resolve()
    })
  })
}

function refusal(path: string, cause: unknown): StartupRefusal {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error'
  return new StartupRefusal(`The log ${path} cannot be opened for writing: ${code}.`, { cause })
}
