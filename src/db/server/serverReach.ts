import type { OnDatabaseEvent } from '../databaseEvent.ts'
import { reasonOf } from '../failureReason.ts'
import type { ServerConnection, ServerDriver } from './serverConnection.ts'

/** Who is to hear that a connection ended; nobody yet while it opens. */
export interface ConnectionEnd {
  tell: (reason: string) => void
}

export interface ServerReachParts {
  readonly driver: ServerDriver
  readonly monotonicMs: () => number
  readonly onEvent: OnDatabaseEvent
  /** `end` is told once when the connection ends without having been asked to. */
  readonly onOpened: (connection: ServerConnection, end: ConnectionEnd) => void
  readonly onFailed: (error: unknown) => void
}

/** The next attempt after one that failed. */
const ATTEMPT_EVERY_MS = 200
/** An attempt that hangs may hang at what is long gone (a lost packet, another address): one more beside it. */
const RIVAL_AFTER_MS = 1_000
const MOST_RIVALS = 5
/** An operator who looks at the log now wants to know that it is still so. */
const SAY_AGAIN_AFTER_MS = 30_000

/**
 * Opens connections. While the server is away it goes on trying by itself, so that nobody has to wait for
 * an attempt, and the first request after its return finds a connection.
 */
export class ServerReach {
  readonly #parts: ServerReachParts
  #opening = 0
  #isAway = false
  #failure: unknown
  #failedMs = Number.NEGATIVE_INFINITY
  #begunMs = Number.NEGATIVE_INFINITY
  #said = { reason: '', atMs: Number.NEGATIVE_INFINITY }
  #next: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(parts: ServerReachParts) {
    this.#parts = parts
  }

  /** Attempts under way. */
  get opening(): number {
    return this.#opening
  }

  get isAway(): boolean {
    return this.#isAway
  }

  /** Why the last attempt failed. */
  get failure(): unknown {
    return this.#failure
  }

  /** False for a moment after a failure: a server that is only full is not to be stormed. */
  get mayOpen(): boolean {
    return !this.#isAway && this.#parts.monotonicMs() - this.#failedMs >= ATTEMPT_EVERY_MS
  }

  open(): void {
    this.#opening += 1
    this.#begunMs = this.#parts.monotonicMs()
    const end: ConnectionEnd = { tell: () => undefined }
    // Told before it is open, it fails to open, and that is what is heard of it.
    this.#parts.driver
      .connect((reason) => end.tell(reason))
      .then(
        (connection) => this.#opened(connection, end),
        (error: unknown) => this.#failed(error),
      )
  }

  /** Nobody can be served: from here on only attempts, until one succeeds. */
  goAway(error: unknown): void {
    this.#failure = error
    this.#isAway = true
    this.#say(error)
    this.#next ??= setTimeout(() => {
      this.#next = undefined
      if (this.#isAway && this.#opening === 0 && !this.#isClosed) this.open()
    }, ATTEMPT_EVERY_MS).unref()
  }

  /** Every now and then. */
  look(): void {
    if (!this.#isAway || this.#opening === 0 || this.#opening >= MOST_RIVALS) return
    if (this.#parts.monotonicMs() - this.#begunMs >= RIVAL_AFTER_MS) this.open()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#next)
  }

  #opened(connection: ServerConnection, end: ConnectionEnd): void {
    this.#opening -= 1
    const { onEvent, onOpened } = this.#parts
    onEvent({ type: 'connectionOpened', by: 'pool' })
    if (this.#isAway) onEvent({ type: 'serverReached' })
    this.#isAway = false
    this.#failedMs = Number.NEGATIVE_INFINITY
    this.#said = { reason: '', atMs: Number.NEGATIVE_INFINITY }
    onOpened(connection, end)
  }

  #failed(error: unknown): void {
    this.#opening -= 1
    this.#failure = error
    this.#failedMs = this.#parts.monotonicMs()
    if (this.#isClosed) return
    this.#parts.onFailed(error)
    if (this.#isAway) this.goAway(error)
    else this.#say(error)
  }

  #say(error: unknown): void {
    const reason = reasonOf(error)
    const nowMs = this.#parts.monotonicMs()
    if (reason === this.#said.reason && nowMs - this.#said.atMs < SAY_AGAIN_AFTER_MS) return
    this.#said = { reason, atMs: nowMs }
    this.#parts.onEvent({ type: 'serverUnreachable', reason })
  }
}
