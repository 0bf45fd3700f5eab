import type { ClearTextRequest } from '../http/observer.ts'
import type { Log } from '../lib/log.ts'
import { LineBrake } from './lineBrake.ts'
import { printableText } from './printable.ts'

export interface ClearTextWatchParts {
  readonly log: Log
  readonly onRequest: () => void
  readonly monotonicMs: () => number
}

const HOUR_MS = 3_600_000
/** More are not told apart: the list is for people. */
const MOST_CLIENTS = 1_000
const LONGEST_AGENT = 120
const LINES_PER_MINUTE = 60

interface Seen {
  loggedMs: number
  lastMs: number
}

/** Who still comes over HTTP where HTTPS could be had: a line for each client and hour, and how many there are. */
export class ClearTextWatch {
  readonly #parts: ClearTextWatchParts
  readonly #clients = new Map<string, Seen>()
  readonly #brake: LineBrake

  constructor(parts: ClearTextWatchParts) {
    this.#parts = parts
    this.#brake = new LineBrake(LINES_PER_MINUTE, parts.monotonicMs)
  }

  came({ remoteAddress, projectId, userAgent }: ClearTextRequest): void {
    const { log, onRequest, monotonicMs } = this.#parts
    onRequest()
    const agent = printableText(userAgent ?? '').slice(0, LONGEST_AGENT)
    const nowMs = monotonicMs()
    const key = JSON.stringify([remoteAddress, projectId, agent])
    const seen = this.#clients.get(key) ?? { loggedMs: Number.NEGATIVE_INFINITY, lastMs: nowMs }
    seen.lastMs = nowMs
    // To the end: the first of the map is the one that was silent longest.
    this.#clients.delete(key)
    this.#clients.set(key, seen)
    const heldBack = nowMs - seen.loggedMs < HOUR_MS ? undefined : this.#brake.next()
    if (heldBack !== undefined) {
      seen.loggedMs = nowMs
      log.warn(
        { remote: remoteAddress, project: projectId, userAgent: agent, heldBack },
        'a client still comes over HTTP: move it to HTTPS before allow_clear_text ends',
      )
    }
    const [longestSilent] = this.#clients.keys()
    if (this.#clients.size > MOST_CLIENTS && longestSilent !== undefined) {
      this.#clients.delete(longestSilent)
    }
  }

  /** Told apart by address, project and program, within the last hour. */
  clients(): number {
    const nowMs = this.#parts.monotonicMs()
    return [...this.#clients.values()].filter(({ lastMs }) => nowMs - lastMs < HOUR_MS).length
  }
}
